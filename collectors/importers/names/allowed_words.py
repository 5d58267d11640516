"""Words that labels of user interfaces consist of, and that say nothing of a person or a case: the allow-list of names
that travel on from imported logs. Written for this purpose; no given or family names, no cities, no companies."""

from __future__ import annotations

from typing import Final

_INTERFACE: Final = """
a about above accept access account accounts action actions activate active add added adding address addresses admin
advanced after again alert alerts align all allow amount amounts an and any app application applications apply
approval approvals approve approved archive area article articles as ascending ask assign assigned assignee at attach
attached attachment attachments author auto automatic available average back background balance bank bar barcode base
basic basket batch before begin below between big billing bin birth blank block blocked board body bold book booking
bookings border bottom box branch browse browser budget building bulk business button buttons buy by calculate
calendar call calls campaign cancel cancelled cancellation caption card cards carrier cart case cases cash category
categories cell cells center change changed changes channel chart chat check checkbox checked checkout choose city
class clear click client clients clipboard clone close closed code codes collapse colour color column columns comment
comments commit common company compare complete completed completion compose condition conditions confirm confirmation
confirmed connect connection contact contacts content contents continue contract contracts control convert copy corner
cost costs count country counter create created creation credit criteria currency current custom customer customers
cut daily dashboard data database date dates day days debit deadline debtor decade decline declined default delete
deleted deliver delivery deliveries department departments deposit depth descending description deselect design
desktop detail details device dialog digit direct disable disabled discard discount dismiss display dispatch dividend
division do document documents does done down download downloads draft drafts drop dropdown due duplicate duration
each edit edited editor element email emails employee employees empty enable enabled end enter entries entry error
errors estimate event events every exchange exclude execute exit expand expected expense expenses expiry export
extension external factor false fax fee field fields file files fill filter filters final finance find finish first
fiscal flag folder folders follow font footer for form format forms formula forward found fraction freight frequency
from full function gender general generate get given global go goods gross group groups guest has header heading
health height help here hidden hide high history holiday home hour hours house html icon id identifier if image import
important in inbox include income index info information initials input insert inspect inspection insurance interest
internal invalid inventory invoice invoices invoicing is issue issues item items job jobs join journal keep key kind
label language large last later layout lead leads leave ledger left legal length level limit line lines link links
list lists load loan local location lock log login logout loss low mail mailbox main maintenance make manage
management manager manual many map margin master match material matter maximum medium meeting meetings member members
memo menu merge message messages method middle minimum minus minute minutes mobile mode model modified modify module
month monthly months more move multiple my name names national navigation net new newsletter next nickname no non none
normal not note notes notification notifications now number numbers object of off offer offers office ok old on once
one online only open opened opening option optional options or order ordered orders origin original other out outbox
overdue overview owner page pages paid panel parent part partner partners parts password paste path pause pay payable
payee payer payment payments payroll pending per percent percentage period permission phone phones photo pick picture
pin place plan planned planning plus point policy pop popup position post postal postcode prefix preview previous
price prices pricing print printed printer priority private procedure process processed processing product products
profile profit progress project projects properties property protected provider public publish purchase purchases
quantity query question queue quick quote quotes radio range rate rates rating read ready reason receipt receipts
receive received recent recipient recipients record records recurring redo reference references refresh refund refunds
region register registration reject rejected relation release reload remark remarks remind reminder remove rename
renew rental repeat replace reply report reporting reports request requested requests require required requisition
reset resource resources response restore result results resume retry return returns revenue review reviewed right
role roles room root row rows rule rules run salary sale sales same sample save saved scan schedule scheduled scope
score screen scroll search second section sector secure security see select selected selection sell send sender sent
serial series service services session set settings share shared sheet shift ship shipment shipments shipping shop
short show side sign signature signed single site size skip small snooze social sort source space special split stage
standard start started state statement statements status step steps stock stop storage store street structure style
sub subject submit submitted subscription subtotal suffix suggest sum summary supplier suppliers supply support switch
system tab table tables tag tags target task tasks tax taxes team teams template templates term terms test text the
theme third this ticket tickets time times title to today together tool toolbar tools top total totals track tracking
training transaction transactions transfer transfers transport travel trip true type types undo unit units unknown
unlock unpaid unread until up update updated upload upper url usage use user username users valid validate validity
value values variant vat vendor vendors verification verify version view viewed views visible void volume wait waiting
warehouse warning way web website week weekly weeks weight welcome when which width window windows with without word
work workbook worker workflow worksheet write year years yes zip zone zoom
"""
_MARKUP: Final = """
abbr alt anchor article aside aria att attr btn col colgroup container contains css ctl ctrl dd dialog div dl dt edt
em fieldset fig figure frame frm grid hdr hover href iframe img ins item js lbl legend li lnk modal nav nth ol
optgroup p param pnl pre role s sec slot span sr src strong sup svg tbl tbody td textarea textbox tfoot th thead tr
txt ui ul var wrapper xs sm md lg xl combobox hyperlink listitem menuitem tabitem treeitem dataitem splitbutton
datagrid pane toolbar titlebar statusbar scrollbar listbox listview treeview datepicker autocomplete calc child input
type of newtab closetab newwindow closewindow window tab sheet worksheet workbook cell range column row field button
link element action key page inbox reload file
"""
_GERMAN: Final = """
abbrechen ablehnen abmelden absenden absender adresse aktion aktualisieren alle als ändern anfrage angebot anlegen
anmelden anrede ansicht ansprechpartner antrag antworten anwenden anzahl anzeigen artikel artikelnummer auftrag
aufträge aus auswählen auswahl bearbeiten bemerkung benutzer bericht beschreibung bestätigen bestellnummer bestellung
bestellungen betrag betreff bezahlt bezeichnung buchen buchung das datei daten datum der die drucken ein eingabe
einfügen eintrag einzahlung empfänger ende entfernen ergebnis erledigt erstellen export fällig feld fertig filter
firma freigabe freigeben für geburtsdatum gesamt geschlecht hilfe hinzufügen im in kategorie kennwort konto
kontonummer kopieren kosten kunde kunden kundennummer land laden leeren lieferant lieferanten lieferschein
liefertermin lieferung liste löschen mail mandant material menge mit mitarbeiter nachname nachricht name neu neue
neuer neues nein netto brutto nicht notiz nummer öffnen ordner ort passwort pflegen position posteingang preis prüfen
rabatt rechnung rechnungen rechnungsnummer rechnungsdatum schließen seite senden skonto sonstiges speichern sperren
status stornieren straße strasse suche suchen summe tabelle tag telefon text titel übernehmen übersicht umsatz und
unterschrift vertrag verwendungszweck vom von vorgang vorname währung weiter weiterleiten wert zahlung zahlungen zeile
zeit zuordnen zurück zurücksetzen zusammenfassung
"""
_FRENCH_AND_SPANISH: Final = """
accepter adresse afficher ajouter annuler appliquer article aucun banque bon catégorie chercher client clients code
colonne commande commandes compte confirmer copier courriel créer date de débit demande description détails devis du
ecrire effacer employé enregistrer envoyer et fermer fichier filtre fin fournisseur facture factures imprimer ligne
liste livraison livrer mettre modifier montant mot nom nombre non nouveau nouvelle numéro objet ouvrir oui page
paiement par passe pays prénom prix produit quantité rechercher recherche référence rejeter retour rue société
sommaire statut supprimer suivant tableau télécharger téléphone titre total tous valider valeur ville vider virement
aceptar actualizar agregar añadir apellido apellidos aplicar archivo artículo asunto aviso banco borrar buscar
búsqueda cancelar cantidad categoría cerrar ciudad cliente clientes código columna confirmar contraseña copiar correo
crear cuenta datos descripción dirección editar eliminar empleado enviar estado factura facturas fecha fila filtro
firma guardar hoja importe imprimir lista mensaje moneda nombre nuevo nueva número pago pagos país pedido pedidos
precio producto proveedor recibo rechazar referencia seleccionar siguiente solicitud suma teléfono tipo título todos
usuario
"""
WORDS: Final[frozenset[str]] = frozenset(" ".join((_INTERFACE, _MARKUP, _GERMAN, _FRENCH_AND_SPANISH)).split())
"""In lower case."""
_HOSTS: Final = """
www com org net edu gov io app dev cloud eu de at ch fr es it nl be uk co us ca au in br mx jp example test local
localhost internal intranet corp zoho jotform google gmail docs drive microsoft microsoftonline office sharepoint live
outlook salesforce force lightning servicenow workday myworkday zendesk freshdesk hubspot atlassian jira confluence
dynamics sap successfactors concur ariba oracle netsuite amazon aws azure github gitlab slack dropbox box notion
trello asana monday docusign adobe wikipedia bing duckduckgo linkedin paypal stripe shopify typeform surveymonkey
airtable smartsheet powerapps powerbi crm erp hr portal desk mail shop billing
"""
HOST_WORDS: Final[frozenset[str]] = frozenset(_HOSTS.split())
"""Parts of hosts: top-level domains, and services that many companies use."""
