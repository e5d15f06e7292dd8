//! Workload 1: three tables as a MySQL dump leaves them, Parquet, one file each.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Date32Array, Int32Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::error::ArrowError;

use super::REFERENCE_DAY;
use super::names;
use super::rng::Rng;

/// `customer_id` is drawn from `0..CUSTOMER_IDS`: some match no customer, some match several rows.
const CUSTOMER_IDS: u32 = 10_000;
const MICROS_PER_DAY: i64 = 86_400_000_000;
/// Ages on the reference day, in days: 6 to 90 years.
const AGE_DAYS: (u32, u32) = (2_200, 32_900);

/// The people, kept to give a credit score its customer's name.
pub struct Customers {
    ids: Vec<i32>,
    names: Vec<String>,
    pub batch: RecordBatch,
}

/// `customers`: ids grow with gaps, as in a table that rows were deleted from.
pub fn customers(seed: u64, rows: usize) -> Result<Customers, ArrowError> {
    let mut rng = Rng::new(seed, "customers");
    let mut id = 0;
    let mut people = Vec::with_capacity(rows);
    for _ in 0..rows {
        id += if rng.chance(40) { 2 } else { 1 };
        people.push(Person::new(&mut rng, id));
    }
    let text = |value: fn(&Person) -> &str| -> ArrayRef {
        Arc::new(people.iter().map(|p| Some(value(p))).collect::<StringArray>())
    };
    let optional = |value: fn(&Person) -> Option<&str>| -> ArrayRef {
        Arc::new(people.iter().map(value).collect::<StringArray>())
    };
    let ids: Vec<i32> = people.iter().map(|p| p.id).collect();
    let batch = batch([
        ("id", Arc::new(Int32Array::from(ids.clone())), false),
        ("nome", text(|p| &p.nome), true),
        ("sexo", text(|p| p.sexo), true),
        ("endereco", text(|p| &p.endereco), true),
        ("telefone", optional(|p| p.telefone.as_deref()), true),
        ("email", optional(|p| p.email.as_deref()), true),
        ("foto", optional(|p| p.foto.as_deref()), true),
        (
            "nascimento",
            Arc::new(Date32Array::from_iter_values(people.iter().map(|p| p.nascimento))),
            true,
        ),
        ("profissao", text(|p| p.profissao), true),
        ("dt_update", updates(&mut rng, rows), true),
    ])?;
    Ok(Customers { ids, names: people.into_iter().map(|p| p.nome).collect(), batch })
}

/// `credit_score`: the score is text, as the source system has it.
pub fn credit_score(
    seed: u64,
    rows: usize,
    customers: &Customers,
) -> Result<RecordBatch, ArrowError> {
    let mut rng = Rng::new(seed, "credit_score");
    let ids: Vec<i32> = (0..rows).map(|_| signed(rng.below(CUSTOMER_IDS))).collect();
    let nome = ids.iter().map(|id| match customers.ids.binary_search(id) {
        Ok(at) => customers.names[at].clone(),
        Err(_) => full_name(&mut rng, "F"),
    });
    let nome = StringArray::from_iter_values(nome.collect::<Vec<_>>());
    let provedor = StringArray::from_iter_values((0..rows).map(|_| *rng.pick(&names::PROVIDERS)));
    let score = StringArray::from_iter_values((0..rows).map(|_| match rng.chance(300) {
        true => rng.between(300, 850).to_string(),
        false => rng.around(300, 850).to_string(),
    }));
    batch([
        ("id", sequence(rows), false),
        ("customer_id", Arc::new(Int32Array::from(ids)), true),
        ("nome", Arc::new(nome), true),
        ("provedor", Arc::new(provedor), true),
        ("credit_score", Arc::new(score), true),
        ("dt_update", updates(&mut rng, rows), true),
    ])
}

/// `music`: what people play and hear; about 2 % of the genres are Anime.
pub fn music(seed: u64, rows: usize) -> Result<RecordBatch, ArrowError> {
    let mut rng = Rng::new(seed, "music");
    let ids = Int32Array::from_iter_values((0..rows).map(|_| signed(rng.below(CUSTOMER_IDS))));
    let genero = StringArray::from_iter_values((0..rows).map(|_| match rng.chance(20) {
        true => names::ANIME,
        false => *rng.pick(&names::GENRES),
    }));
    let played: Vec<_> = (0..rows).map(|_| *rng.pick(&names::INSTRUMENTS)).collect();
    let instrumento = StringArray::from_iter_values(played.iter().map(|(name, _)| name));
    let categoria = StringArray::from_iter_values(played.iter().map(|(_, family)| family));
    batch([
        ("id", sequence(rows), false),
        ("customer_id", Arc::new(ids), true),
        ("genero", Arc::new(genero), true),
        ("instrumento", Arc::new(instrumento), true),
        ("categoria", Arc::new(categoria), true),
        ("dt_update", updates(&mut rng, rows), true),
    ])
}

struct Person {
    id: i32,
    nome: String,
    sexo: &'static str,
    endereco: String,
    telefone: Option<String>,
    email: Option<String>,
    foto: Option<String>,
    nascimento: i32,
    profissao: &'static str,
}

impl Person {
    fn new(rng: &mut Rng, id: i32) -> Self {
        let sexo = *rng.pick(&["M", "F"]);
        let nome = full_name(rng, sexo);
        let (city, state, area, postal) = *rng.pick(&names::CITIES);
        let (street, number) = (*rng.pick(&names::STREETS), rng.between(1, 2_999));
        let postal = format!("{postal:02}{:03}-{:03}", rng.below(1_000), rng.below(1_000));
        let phone = format!("({area}) 9{:04}-{:04}", rng.below(10_000), rng.below(10_000));
        let mailbox = plain(&nome).replace(' ', ".");
        Self {
            endereco: format!("{street}, {number}, {city} - {state}, {postal}"),
            telefone: (!rng.chance(30)).then_some(phone),
            email: (!rng.chance(20)).then(|| format!("{mailbox}{id}@example.com")),
            foto: (!rng.chance(100)).then(|| format!("https://fotos.example.com/{id:05}.jpg")),
            nascimento: REFERENCE_DAY - signed(rng.between(AGE_DAYS.0, AGE_DAYS.1)),
            profissao: *rng.pick(&names::PROFESSIONS),
            id,
            nome,
            sexo,
        }
    }
}

fn full_name(rng: &mut Rng, sexo: &str) -> String {
    let first = if sexo == "F" { &names::WOMEN } else { &names::MEN };
    let mut name = rng.pick(first).to_string();
    for _ in 0..rng.between(1, 2) {
        name = format!("{name} {}", rng.pick(&names::SURNAMES));
    }
    name
}

/// Lower case without accents, for a mailbox.
fn plain(name: &str) -> String {
    let fold = |c: char| match c {
        'á' | 'à' | 'â' | 'ã' => 'a',
        'é' | 'ê' => 'e',
        'í' => 'i',
        'ó' | 'ô' | 'õ' => 'o',
        'ú' | 'ü' => 'u',
        'ç' => 'c',
        other => other,
    };
    name.to_lowercase().chars().map(fold).collect()
}

/// Times in the ninety days before the reference day.
fn updates(rng: &mut Rng, rows: usize) -> ArrayRef {
    let mut time = || {
        let day = i64::from(REFERENCE_DAY) - i64::from(rng.below(90)) - 1;
        day * MICROS_PER_DAY + i64::from(rng.below(86_400)) * 1_000_000
    };
    Arc::new(TimestampMicrosecondArray::from_iter_values((0..rows).map(|_| time())))
}

fn batch<const N: usize>(columns: [(&str, ArrayRef, bool); N]) -> Result<RecordBatch, ArrowError> {
    RecordBatch::try_from_iter_with_nullable(columns)
}

fn sequence(rows: usize) -> ArrayRef {
    Arc::new((1..).take(rows).map(Some).collect::<Int32Array>())
}

fn signed(number: u32) -> i32 {
    i32::try_from(number).expect("all limits here are far below two thousand million")
}
