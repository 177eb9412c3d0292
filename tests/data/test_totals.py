import pytest

from data import load_dataset

ROWS = [(m, p, 100 * m + i) for m in range(1, 13) for i, p in enumerate(("Dentaire", "Optique", "Pharmacie"))]
TRUE = sum(amount for *_, amount in ROWS)


def file(label, factor=1.0):
    lines = [f"01/{m:02d}/2024;{p};{a}" for m, p, a in ROWS]
    for month in range(1, 13):
        whole = sum(a for m, _, a in ROWS if m == month) * factor
        lines.append(f"01/{month:02d}/2024;{label};{whole:g}".replace(".", ","))
    return ("Mois;Poste;Prestations\n" + "\n".join(lines) + "\n").encode()


@pytest.mark.parametrize("label", ["Total", "Tous postes", "Ensemble", "", "TOUTES", "Sous-total du mois"])
def test_lines_that_add_up_the_others_are_left_out_and_said(label):
    dataset = load_dataset(file(label))
    assert dataset.prestation["prestation"].sum() == pytest.approx(TRUE)
    assert len(dataset.left_out) == 12
    assert dataset.left_out["raison"].str.contains("total").all()


@pytest.mark.parametrize("label", ["Ensemble", ""])
def test_lines_that_do_not_add_up_are_kept(label):
    dataset = load_dataset(file(label, factor=0.5))
    assert dataset.prestation["prestation"].sum() == pytest.approx(1.5 * TRUE)
    assert dataset.left_out.empty


def test_a_zero_beside_a_repeated_premium_is_not_the_premium():
    lines = [
        f"01/{m:02d}/2024;{p};{10 * m};{0 if p == 'Dentaire' else 5000}"
        for m in range(1, 13)
        for p in ("Dentaire", "Optique", "Pharmacie")
    ]
    dataset = load_dataset(("Mois;Poste;Prestations;Cotisations\n" + "\n".join(lines)).encode())
    assert dataset.cotisation["cotisation"].sum() == 12 * 5000
