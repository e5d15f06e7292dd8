"""Delta logs by hand: what the log says of a file is the test's to choose."""

import json

ENCODED = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"


def field(name, kind, **metadata):
    return {"name": name, "type": kind, "nullable": True, "metadata": metadata}


def written(folder, fields, adds, features=(), partitions=(), configuration=None):
    """Version 0 over files that are there already; the table's URL."""
    log = folder / "_delta_log"
    log.mkdir(parents=True)
    known = {"partitionValues": {}, "modificationTime": 0, "dataChange": True}
    adds = [known | {"size": (folder / add["path"]).stat().st_size} | add for add in adds]
    features = sorted(features)
    actions = [
        {"protocol": {"minReaderVersion": 3, "minWriterVersion": 7,
                      "readerFeatures": features, "writerFeatures": features}},
        {"metaData": {"id": "x", "format": {"provider": "parquet", "options": {}},
                      "schemaString": json.dumps({"type": "struct", "fields": fields}),
                      "partitionColumns": list(partitions), "createdTime": 0,
                      "configuration": configuration or {}}},
        *({"add": add} for add in adds),
    ]
    (log / f"{0:020}.json").write_text("\n".join(map(json.dumps, actions)))
    return f"file://{folder}"


def z85(data):
    out = ""
    for at in range(0, len(data), 4):
        number = int.from_bytes(data[at:at + 4], "big")
        out += "".join(ENCODED[number // 85**power % 85] for power in (4, 3, 2, 1, 0))
    return out


def inline_vector(rows):
    """Rows below 65,536, as one array container."""
    body = b"".join(row.to_bytes(2, "little") for row in rows)
    bitmap = (b"\x3a\x30\x00\x00" + (1).to_bytes(4, "little") + b"\x00\x00"
              + (len(rows) - 1).to_bytes(2, "little") + (16).to_bytes(4, "little") + body)
    data = (1681511377).to_bytes(4, "little") + (1).to_bytes(8, "little") + bytes(4) + bitmap
    padded = data + bytes(-len(data) % 4)
    return {"storageType": "i", "pathOrInlineDv": z85(padded), "sizeInBytes": len(data),
            "cardinality": len(rows)}
