"""Delta logs by hand: what the log says of a file is the test's to choose."""

import base64
import json
import struct

from pyroaring import BitMap

VECTOR_MAGIC = 1681511377
Z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
B85 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"


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
    """Python's alphabet of base 85 is another one."""
    return base64.b85encode(data).decode().translate(str.maketrans(B85, Z85))


def bitmap(rows):
    """A magic number, how many 32-bit bitmaps, and each with its key."""
    return struct.pack("<IqI", VECTOR_MAGIC, 1, 0) + BitMap(rows).serialize()


def inline_vector(rows):
    data = bitmap(rows)
    padded = data + bytes(-len(data) % 4)
    return {"storageType": "i", "pathOrInlineDv": z85(padded), "sizeInBytes": len(data),
            "cardinality": len(rows)}
