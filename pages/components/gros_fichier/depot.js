"use strict";

const LIMIT = 8 * 2 ** 30;
const part = (id) => document.getElementById(id);
const number = new Intl.NumberFormat("fr-FR", { maximumFractionDigits: 0 });
const known = new URLSearchParams(location.search);
let sending = null;

function back(token) {
  const link = new URLSearchParams();
  if (known.get("d")) link.set("d", known.get("d"));
  if (token) link.set("depot", token);
  return `../donnees${link.size ? `?${link}` : ""}`;
}

function show(id, visible) {
  part(id).hidden = !visible;
}

function fail(message, calm = false) {
  sending = null;
  part("fichier").value = "";
  part("erreur").classList.toggle("calme", calm);
  show("envoi", false);
  show("zone", true);
  part("erreur").textContent = message;
  show("erreur", true);
}

function left(seconds) {
  if (!Number.isFinite(seconds)) return "";
  return seconds < 60 ? `, encore ${number.format(Math.ceil(seconds))} s` : `, encore ${number.format(seconds / 60)} min`;
}

function told(event, since) {
  const speed = event.loaded / Math.max((performance.now() - since) / 1000, 0.001);
  const size = `${number.format(event.loaded / 1e6)}\u202fMo sur ${number.format(event.total / 1e6)}`;
  return `${size}, ${number.format(speed / 1e6)}\u202fMo par seconde${left((event.total - event.loaded) / speed)}`;
}

function ended(request) {
  if (request.status === 201) {
    location.assign(back(JSON.parse(request.responseText).depot));
    return;
  }
  let words = "Le serveur a refusé ce fichier. Réessayez, ou prévenez la personne qui administre Paliers.";
  try {
    const answer = JSON.parse(request.responseText);
    words = `${answer.message} ${answer.remede}`;
  } catch {
    // not ours: a proxy in between answered
  }
  fail(words);
}

function send(file) {
  show("erreur", false);
  if (file.size > LIMIT) return fail("Ce fichier dépasse 8 Go. Déposez une année à la fois.");
  if (file.size === 0) return fail("Ce fichier est vide. Vérifiez l’export.");
  const since = performance.now();
  sending = new XMLHttpRequest();
  sending.open("PUT", `fichier?nom=${encodeURIComponent(file.name)}`);
  sending.upload.addEventListener("progress", (event) => {
    part("barre").value = event.loaded / event.total;
    part("detail").textContent = told(event, since);
  });
  sending.addEventListener("load", (event) => ended(event.target));
  sending.addEventListener("error", () => fail("L’envoi a été interrompu. Vérifiez le réseau, puis recommencez."));
  sending.addEventListener("abort", () => fail("Envoi annulé : rien n’est gardé sur le serveur.", true));
  part("nom").textContent = file.name;
  part("barre").value = 0;
  part("detail").textContent = "";
  show("zone", false);
  show("envoi", true);
  sending.send(file);
}

part("retour").href = back("");
part("fichier").addEventListener("change", (event) => event.target.files.length && send(event.target.files[0]));
part("annuler").addEventListener("click", () => sending && sending.abort());
for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
  part("zone").addEventListener(name, (event) => {
    event.preventDefault();
    part("zone").classList.toggle("survol", name === "dragenter" || name === "dragover");
    if (name === "drop" && event.dataTransfer.files.length) send(event.dataTransfer.files[0]);
  });
}
window.addEventListener("beforeunload", (event) => {
  if (sending && sending.readyState !== XMLHttpRequest.DONE) event.preventDefault();
});
