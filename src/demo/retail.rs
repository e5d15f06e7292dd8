//! Workload 2: a shop's visits, CSV, one file a day.
//!
//! People have tastes, so that collaborative filtering has something to find: a person likes a few
//! categories and one of a few styles that run across all categories; an item has a category, a
//! style and a popularity. About 15 % of the visits are anonymous and about 1 % of the rows are
//! bad.

use super::names::CATEGORIES;
use super::rng::{Rng, cumulative};
use super::{RetailOptions, date_text};

/// Styles that run across the categories.
const STYLES: u32 = 5;
/// How much more a person looks at items of the liked style.
const STYLE_WEIGHT: u32 = 8;
const ANONYMOUS_PER_MILLE: u32 = 150;
const BAD_PER_MILLE: u32 = 10;
/// A visit that comes back to something seen and not bought.
const RETURN_PER_MILLE: u32 = 120;
const FIRST_PERSON: u32 = 100_001;
const FIRST_ITEM: u32 = 1_001;

pub const HEADER: [&str; 8] = [
    "person_id",
    "item_id",
    "item_category",
    "visit_time",
    "visit_date",
    "bought",
    "price",
    "quantity",
];

/// The shop: its items, its people, and what they did so far.
pub struct Shop {
    rng: Rng,
    items: Vec<Item>,
    /// By category and style: item indexes with running weights.
    shelves: Vec<Vec<Shelf>>,
    people: Vec<Person>,
    activity: Vec<u32>,
    bad_rows: usize,
}

struct Item {
    category: usize,
    price_cents: u32,
    popularity: u32,
    style: u32,
}

#[derive(Default)]
struct Shelf {
    items: Vec<usize>,
    weights: Vec<u32>,
}

struct Person {
    categories: Vec<u32>,
    style: usize,
    /// Seen and not bought, oldest first.
    open: Vec<usize>,
    bought: Vec<bool>,
}

/// One CSV row: the fields in the order of [`HEADER`].
pub type Row = [String; 8];

impl Shop {
    pub fn new(seed: u64, options: &RetailOptions) -> Self {
        let mut rng = Rng::new(seed, "retail");
        let items: Vec<Item> = (0..options.items).map(|at| Item::new(&mut rng, at)).collect();
        let shelves = (0..CATEGORIES.len()).map(|category| shelves(&items, category)).collect();
        let people = (0..options.people).map(|_| Person::new(&mut rng, items.len())).collect();
        // A few people come often, most come now and then, some have hardly begun.
        let visits = |at| if at % 20 == 19 { 4 } else { 3_000 / (at % 97 + 4) + 20 };
        let activity = cumulative((0..options.people).map(visits));
        Self { rng, items, shelves, people, activity, bad_rows: 0 }
    }

    /// The rows of one day, in order of time.
    pub fn day(&mut self, day: i32, visits: u32) -> Vec<Row> {
        let date = date_text(day);
        let mut rows: Vec<(u32, Row)> = Vec::new();
        while rows.len() < visits as usize {
            let person = self.rng.weighted(&self.activity);
            let anonymous = self.rng.chance(ANONYMOUS_PER_MILLE);
            let mut minute = self.rng.around(7 * 60, 23 * 60);
            for _ in 0..self.rng.between(1, 4) {
                let mut row = self.visit(person, minute, &date);
                if anonymous {
                    row[0].clear();
                }
                rows.push((minute, row));
                minute = (minute + self.rng.between(1, 9)).min(23 * 60 + 59);
            }
        }
        rows.sort_by_key(|(minute, _)| *minute);
        let mut rows: Vec<Row> = rows.into_iter().map(|(_, row)| row).collect();
        self.spoil(&mut rows);
        rows
    }

    fn visit(&mut self, person: usize, minute: u32, date: &str) -> Row {
        let (item, buys_per_mille) = self.choose(person);
        let bought = self.rng.chance(buys_per_mille);
        let quantity = match (bought, self.rng.chance(200)) {
            (false, _) => 0,
            (true, false) => 1,
            (true, true) => self.rng.between(2, 4),
        };
        let buyer = &mut self.people[person];
        buyer.open.retain(|seen| *seen != item);
        if bought {
            buyer.bought[item] = true;
        } else {
            buyer.open.push(item);
        }
        let Item { category, price_cents, .. } = self.items[item];
        let cents = if self.rng.chance(100) { price_cents / 10 * 9 } else { price_cents };
        [
            (FIRST_PERSON as usize + person).to_string(),
            (FIRST_ITEM as usize + item).to_string(),
            CATEGORIES[category].0.to_string(),
            format!("{:02}:{:02}", minute / 60, minute % 60),
            date.to_string(),
            bought.to_string(),
            format!("{}.{:02}", cents / 100, cents % 100),
            quantity.to_string(),
        ]
    }

    /// The item looked at, and how likely it is bought.
    fn choose(&mut self, person: usize) -> (usize, u32) {
        let Person { categories, style, open, bought } = &self.people[person];
        if !open.is_empty() && self.rng.chance(RETURN_PER_MILLE) {
            return (*self.rng.pick(open), 350);
        }
        let category = self.rng.weighted(categories);
        let shelf = &self.shelves[category][*style];
        let mut item = shelf.items[self.rng.weighted(&shelf.weights)];
        if bought[item] {
            // Bought already: most people look at something else.
            item = shelf.items[self.rng.weighted(&shelf.weights)];
        }
        (item, 110)
    }

    /// Makes about 1 % of the rows bad. The first day has every kind near its beginning, so that
    /// whoever samples the head of the data sees that the columns are not clean.
    fn spoil(&mut self, rows: &mut [Row]) {
        for (at, row) in rows.iter_mut().enumerate() {
            let forced = self.bad_rows < BAD_ROWS.len() && at % 7 == 6;
            if forced || self.rng.chance(BAD_PER_MILLE) {
                let (field, value) = BAD_ROWS[self.bad_rows % BAD_ROWS.len()];
                row[field] = value.to_string();
                if value == "0" {
                    row[5] = "true".to_string();
                }
                self.bad_rows += 1;
            }
        }
    }
}

/// Field and value of each kind of bad row. A quantity of 0 comes with `bought = true`.
pub const BAD_ROWS: [(usize, &str); 14] = [
    (6, "R$ 49,90"),
    (4, "2026-02-30"),
    (1, ""),
    (7, "-2"),
    (6, ""),
    (4, "31/05/2026"),
    (5, "talvez"),
    (3, "25:61"),
    (6, "-10.00"),
    (0, "cliente?"),
    (7, "duas"),
    (1, "item-x"),
    (7, "0"),
    (2, ""),
];

impl Item {
    fn new(rng: &mut Rng, at: u32) -> Self {
        let category = at as usize % CATEGORIES.len();
        let (_, low, high) = CATEGORIES[category];
        // Prices lean to the lower end and end in 90 or 00.
        let price = rng.between(low, high).min(rng.between(low, high));
        let price_cents = price * 100 - if rng.chance(700) { 10 } else { 0 };
        let popularity = 6_000 / (rng.below(40) + 6);
        Self { category, price_cents, popularity, style: rng.below(STYLES) }
    }
}

/// The category's items, once for each style, weighted by what people of that style look at.
fn shelves(items: &[Item], category: usize) -> Vec<Shelf> {
    let indexes: Vec<usize> =
        (0..items.len()).filter(|at| items[*at].category == category).collect();
    let shelf = |style| {
        let liked = |at: &usize| items[*at].style == style;
        let weight = |at: usize| items[at].popularity * if liked(&at) { STYLE_WEIGHT } else { 1 };
        Shelf { weights: cumulative(indexes.iter().copied().map(weight)), items: indexes.clone() }
    };
    (0..STYLES).map(shelf).collect()
}

impl Person {
    fn new(rng: &mut Rng, items: usize) -> Self {
        let mut weights = [3_u32; CATEGORIES.len()];
        for weight in [60, 30, 15] {
            weights[rng.index(CATEGORIES.len())] += weight;
        }
        Self {
            categories: cumulative(weights),
            style: rng.index(STYLES as usize),
            open: Vec::new(),
            bought: vec![false; items],
        }
    }
}
