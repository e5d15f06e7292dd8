"""The dashboard as Superset keeps it: where each card stands, and the filter beside them."""

import json

COLUMNS = 12
TITLE = "Lakegate's demo"
FILTER = "NATIVE_FILTER-sexo"
FILTER_NAME = "sexo"


def positions(cards, charts):
    """Rows filled from left to right; `charts` has each card's number in Superset."""
    rows = [f"ROW-{number}" for number in range(len(lines(cards)))]
    layout = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
        "GRID_ID": {"type": "GRID", "id": "GRID_ID", "children": rows, "parents": ["ROOT_ID"]},
        "HEADER_ID": {"type": "HEADER", "id": "HEADER_ID", "meta": {"text": TITLE}},
    }
    for row, line in zip(rows, lines(cards)):
        parents = ["ROOT_ID", "GRID_ID"]
        placed = {f"CHART-{charts[card.title]}": card for card in line}
        layout[row] = {
            "type": "ROW", "id": row, "children": list(placed), "parents": parents,
            "meta": {"background": "BACKGROUND_TRANSPARENT"},
        }
        for name, card in placed.items():
            layout[name] = chart(name, card, charts[card.title], [*parents, row])
    return layout


def lines(cards):
    """Cards in rows of twelve columns."""
    found = [[]]
    for card in cards:
        if sum(other.width for other in found[-1]) + card.width > COLUMNS:
            found.append([])
        found[-1].append(card)
    return found


def chart(name, card, number, parents):
    meta = {
        "chartId": number, "sliceName": card.title, "width": card.width, "height": card.height
    }
    return {"type": "CHART", "id": name, "children": [], "parents": parents, "meta": meta}


def native_filter(dataset, charts):
    """One value of `sexo`, for every card whose dataset has that column."""
    return {
        "id": FILTER, "name": FILTER_NAME, "type": "NATIVE_FILTER", "filterType": "filter_select",
        "targets": [{"datasetId": dataset, "column": {"name": "sexo"}}],
        "controlValues": {"multiSelect": True, "enableEmptyFilter": False,
                          "defaultToFirstItem": False, "inverseSelection": False,
                          "searchAllOptions": False},
        "defaultDataMask": {"extraFormData": {}, "filterState": {}, "ownState": {}},
        "scope": {"rootPath": ["ROOT_ID"], "excluded": []},
        "chartsInScope": charts, "tabsInScope": [], "cascadeParentIds": [], "description": "",
    }


def create(api):
    """An empty dashboard, which charts can then name."""
    return api.post("dashboard/", {"dashboard_title": TITLE, "published": True})["id"]


def arrange(api, dashboard, cards, charts, filtered):
    """`charts`: each card's number; `filtered`: the dataset the filter takes its values from."""
    metadata = {
        "native_filter_configuration": [native_filter(filtered, list(charts.values()))],
        "cross_filters_enabled": False, "color_scheme": "supersetColors",
    }
    api.put(f"dashboard/{dashboard}", {
        "position_json": json.dumps(positions(cards, charts)),
        "json_metadata": json.dumps(metadata),
    })
