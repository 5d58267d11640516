"""The routines of the default office, and its teams."""

from __future__ import annotations

from typing import Final

from collectors.simulate.phrases import Place, bridge, choose, click, fill, finish, open_window, rekey
from collectors.simulate.task_model import StepBlock, Task, TaskStep

TEAMS: Final = ("finance", "sales", "support", "people", "logistics")

_SHEET: Place = ("excel", "customers.xlsx/sheet1")
_FORM: Place = ("chrome", "registration.example/customer/new")
_MAIL: Place = ("outlook", "inbox")
_ORDER: Place = ("sap", "create sales order")
_DESK: Place = ("chrome", "desk.example/ticket")
_CRM: Place = ("chrome", "crm.example/customer")
_PDF: Place = ("acrobat", "invoice")
_LEDGER: Place = ("dynamics", "vendor invoice")
_BI: Place = ("chrome", "bi.example/export")
_REPORT: Place = ("excel", "report.xlsx/data")
_CLAIM: Place = ("chrome", "expenses.example/claim")
_HR: Place = ("workday", "new hire")
_DIRECTORY: Place = ("directory", "new user")
_BANK: Place = ("chrome", "bank.example/statement")
_MATCH: Place = ("excel", "reconciliation.xlsx/open items")
_ARCHIVE: Place = ("docuware", "letter")
_BILLING: Place = ("dynamics", "billing account")
_STOCK: Place = ("sap", "stock overview")
_PURCHASE: Place = ("sap", "change purchase order")
_CARRIER: Place = ("chrome", "carrier.example/booking")
_DELIVERY: Place = ("sap", "outbound delivery")


def _register_customer() -> Task:
    fields = [
        ("cell:a", "field:name", "name"),
        ("cell:b", "field:street", "street"),
        ("cell:c", "field:city", "city"),
        ("cell:d", "field:email", "email"),
        ("cell:e", "field:phone", "phone"),
    ]
    return Task(
        "register customer from spreadsheet",
        (
            StepBlock((open_window(_FORM), click(_FORM, "link:new customer"), open_window(_SHEET))),
            *(StepBlock(bridge(_SHEET, cell, _FORM, field, slot), group="fields") for cell, field, slot in fields),
            StepBlock(bridge(_SHEET, "cell:f", _FORM, "field:vat", "vat"), probability=0.4),
            StepBlock((open_window(_FORM), *choose(_FORM, "field:country")), probability=0.85),
            StepBlock((open_window(_FORM, 0.8), click(_FORM, "checkbox:terms"), finish(_FORM, "button:submit"))),
            StepBlock(
                (open_window(_SHEET), TaskStep("edit", *_SHEET, "cell:g", typed=True, seconds=1.2)), probability=0.6
            ),
        ),
        {"name": "name", "street": "text", "city": "text", "email": "email", "phone": "phone", "vat": "id"},
        object="customer",
        teams=("sales", "support"),
        weight=1.5,
    )


def _enter_mailed_order() -> Task:
    return Task(
        "enter mailed order",
        (
            StepBlock((open_window(_MAIL), click(_MAIL, "message:order", 2.5, shows=True))),
            StepBlock((open_window(_ORDER), *fill(_ORDER, "field:order type", "type"))),
            StepBlock((open_window(_MAIL, 1.0), *rekey(_MAIL, "text:customer", _ORDER, "field:sold-to", "customer"))),
            StepBlock(rekey(_MAIL, "text:reference", _ORDER, "field:reference", "reference"), variant="typed"),
            StepBlock(bridge(_MAIL, "text:reference", _ORDER, "field:reference", "reference"), variant="pasted"),
            StepBlock(
                (
                    *rekey(_MAIL, "text:material", _ORDER, "field:material", "material"),
                    *rekey(_MAIL, "text:quantity", _ORDER, "field:quantity", "quantity"),
                ),
                times=(1, 4),
            ),
            StepBlock((open_window(_ORDER, 0.9), *fill(_ORDER, "field:delivery date", "date")), probability=0.5),
            StepBlock((open_window(_ORDER, 0.9), click(_ORDER, "button:check", p=0.7), finish(_ORDER, "button:save"))),
            StepBlock((open_window(_MAIL), click(_MAIL, "menu:move to done")), probability=0.7),
        ),
        {"type": "id", "customer": "id", "reference": "id", "material": "id", "quantity": "number", "date": "date"},
        variants={"typed": 0.6, "pasted": 0.4},
        object="order",
        teams=("sales", "logistics"),
        weight=2,
    )


def _answer_ticket() -> Task:
    return Task(
        "look up customer for ticket",
        (
            StepBlock((open_window(_DESK), click(_DESK, "row:ticket", 2.2, shows=True))),
            StepBlock(bridge(_DESK, "text:customer number", _CRM, "field:search", "number")),
            StepBlock(
                (
                    open_window(_CRM, 0.6),
                    TaskStep("shortcut", *_CRM, "field:search", seconds=0.5),
                    click(_CRM, "row:result", 1.9, shows=True),
                )
            ),
            StepBlock((click(_CRM, "tab:contracts", 2.0),), probability=0.6, group="tabs"),
            StepBlock((click(_CRM, "tab:history", 2.0),), probability=0.7, group="tabs"),
            StepBlock((*bridge(_CRM, "text:contract", _DESK, "field:answer", "contract"),), variant="paste"),
            StepBlock((*rekey(_CRM, "text:status", _DESK, "field:answer", "status"),), variant="write"),
            StepBlock((open_window(_DESK), *fill(_DESK, "field:answer", "answer", 4.0)), probability=0.9),
            StepBlock((open_window(_DESK, 0.7), *choose(_DESK, "field:state"), finish(_DESK, "button:send reply"))),
        ),
        {"number": "id", "contract": "id", "status": "text", "answer": "text"},
        variants={"paste": 0.7, "write": 0.3},
        object="ticket",
        teams=("support",),
        weight=3,
    )


def _post_invoice() -> Task:
    fields = [
        ("text:number", "field:invoice number", "number"),
        ("text:date", "field:invoice date", "date"),
        ("text:net", "field:net amount", "net"),
        ("text:vat", "field:tax amount", "tax"),
    ]
    return Task(
        "post vendor invoice",
        (
            StepBlock((TaskStep("open", *_PDF, seconds=3.0, shows=True),)),
            StepBlock(rekey(_PDF, "text:vendor", _LEDGER, "field:vendor", "vendor")),
            *(StepBlock(rekey(_PDF, text, _LEDGER, field, slot), group="header") for text, field, slot in fields),
            StepBlock((open_window(_LEDGER), *fill(_LEDGER, "field:cost centre", "centre")), probability=0.6),
            StepBlock(
                (
                    open_window(_LEDGER),
                    *fill(_LEDGER, "field:line amount", "line"),
                    *choose(_LEDGER, "field:line account"),
                ),
                times=(1, 3),
            ),
            StepBlock(
                (open_window(_LEDGER, 0.6), click(_LEDGER, "button:simulate", p=0.8), finish(_LEDGER, "button:post"))
            ),
            StepBlock((open_window(_PDF), TaskStep("save", *_PDF, seconds=2.0)), probability=0.5),
        ),
        {
            "vendor": "name",
            "number": "id",
            "date": "date",
            "net": "money",
            "tax": "money",
            "centre": "id",
            "line": "money",
        },
        object="invoice",
        teams=("finance",),
        weight=3,
    )


def _weekly_report() -> Task:
    return Task(
        "reformat export into report",
        (
            StepBlock(
                (
                    open_window(_BI),
                    *choose(_BI, "field:period"),
                    click(_BI, "button:export"),
                    TaskStep("save", *_BI, seconds=3.0),
                )
            ),
            StepBlock((TaskStep("open", *_REPORT, seconds=4.0),)),
            StepBlock(
                (click(_REPORT, "column:d"), TaskStep("shortcut", *_REPORT, "menu:delete column", seconds=1.2)),
                times=(1, 4),
            ),
            StepBlock((click(_REPORT, "column:a"), click(_REPORT, "menu:sort")), group="shape"),
            StepBlock(
                (click(_REPORT, "menu:filter"), *choose(_REPORT, "field:filter region")), group="shape", probability=0.6
            ),
            StepBlock(
                (click(_REPORT, "menu:pivot table", 3.0), click(_REPORT, "button:insert pivot")), variant="pivot"
            ),
            StepBlock((TaskStep("edit", *_REPORT, "cell:sum", typed=True, seconds=4.0),), variant="formula"),
            StepBlock((click(_REPORT, "menu:number format"), click(_REPORT, "menu:bold", p=0.6)), group="look"),
            StepBlock((TaskStep("save", *_REPORT, seconds=2.0),)),
            StepBlock(
                (
                    open_window(_MAIL),
                    click(_MAIL, "button:new message"),
                    click(_MAIL, "button:attach file", 2.5),
                    finish(_MAIL, "button:send"),
                )
            ),
        ),
        variants={"pivot": 0.5, "formula": 0.5},
        teams=("finance", "sales", "people"),
        weight=0.7,
    )


def _approve_claim() -> Task:
    return Task(
        "check expense claim",
        (
            StepBlock((open_window(_CLAIM), click(_CLAIM, "row:claim", 2.0, shows=True))),
            StepBlock(
                (
                    click(_CLAIM, "link:receipt", 2.0),
                    TaskStep("scroll", *_CLAIM, seconds=2.0, probability=0.5),
                    click(_CLAIM, "button:close receipt", 3.0),
                ),
                times=(1, 5),
            ),
            StepBlock((*fill(_CLAIM, "field:comment", "comment", 3.0),), probability=0.3),
            StepBlock((finish(_CLAIM, "button:approve"),), variant="approve"),
            StepBlock((*choose(_CLAIM, "field:reason"), finish(_CLAIM, "button:reject")), variant="reject"),
        ),
        {"comment": "text"},
        variants={"approve": 0.85, "reject": 0.15},
        object="claim",
        teams=("finance", "people"),
        weight=2,
    )


def _onboard() -> Task:
    fields = [
        ("text:name", "field:display name", "name"),
        ("text:mail", "field:mail", "mail"),
        ("text:department", "field:department", "department"),
        ("text:manager", "field:manager", "manager"),
    ]
    return Task(
        "create account for new hire",
        (
            StepBlock(
                (
                    open_window(_HR),
                    click(_HR, "row:hire", 2.0, shows=True),
                    open_window(_DIRECTORY),
                    click(_DIRECTORY, "button:new user"),
                    open_window(_HR),
                )
            ),
            *(StepBlock(bridge(_HR, text, _DIRECTORY, field, slot), group="who") for text, field, slot in fields),
            StepBlock((open_window(_DIRECTORY), click(_DIRECTORY, "checkbox:group")), times=(2, 5)),
            StepBlock((finish(_DIRECTORY, "button:create user"),)),
            StepBlock((open_window(_HR), click(_HR, "checkbox:account created"), TaskStep("save", *_HR, seconds=1.5))),
            StepBlock(
                (
                    open_window(_MAIL),
                    click(_MAIL, "button:new message"),
                    *fill(_MAIL, "field:to", "mail"),
                    finish(_MAIL, "button:send"),
                ),
                probability=0.7,
            ),
        ),
        {"name": "name", "mail": "email", "department": "text", "manager": "name"},
        object="employee",
        teams=("people",),
        weight=2,
    )


def _reconcile() -> Task:
    return Task(
        "reconcile bank statement line",
        (
            StepBlock((open_window(_BANK), click(_BANK, "row:booking", 2.0))),
            StepBlock(bridge(_BANK, "text:reference", _MATCH, "field:find", "reference")),
            StepBlock((open_window(_MATCH, 0.5), click(_MATCH, "button:find next", 0.9)), times=(1, 3)),
            StepBlock(rekey(_BANK, "text:amount", _MATCH, "cell:paid", "amount")),
            StepBlock((open_window(_MATCH), *fill(_MATCH, "cell:date paid", "date")), probability=0.8),
            StepBlock(
                (
                    open_window(_MATCH, 0.5),
                    click(_MATCH, "cell:cleared"),
                    TaskStep("edit", *_MATCH, "cell:cleared", typed=True),
                )
            ),
        ),
        {"reference": "id", "amount": "money", "date": "date"},
        teams=("finance",),
        weight=2,
    )


def _change_address() -> Task:
    fields = [
        ("text:street", "field:street", "street"),
        ("text:city", "field:city", "city"),
        ("text:postcode", "field:postcode", "postcode"),
    ]
    return Task(
        "change address in two systems",
        (
            StepBlock((TaskStep("open", *_ARCHIVE, seconds=2.5, shows=True),)),
            StepBlock(
                (
                    *rekey(_ARCHIVE, "text:customer number", _CRM, "field:search", "number"),
                    open_window(_CRM),
                    click(_CRM, "button:edit address"),
                    open_window(_ARCHIVE),
                )
            ),
            *(StepBlock(rekey(_ARCHIVE, text, _CRM, field, slot), group="crm") for text, field, slot in fields),
            StepBlock((open_window(_CRM), finish(_CRM, "button:save address"))),
            StepBlock((open_window(_BILLING), *fill(_BILLING, "field:account", "number"), open_window(_CRM))),
            *(
                StepBlock(bridge(_CRM, field, _BILLING, f"field:billing {slot}", slot), group="billing")
                for _, field, slot in fields
            ),
            StepBlock((open_window(_BILLING), finish(_BILLING, "button:update account"))),
            StepBlock((open_window(_ARCHIVE), click(_ARCHIVE, "button:mark as done"))),
        ),
        {"number": "id", "street": "text", "city": "text", "postcode": "number"},
        object="customer",
        teams=("support", "finance"),
    )


def _answer_stock_question() -> Task:
    return Task(
        "answer stock question",
        (
            StepBlock((open_window(_MAIL), click(_MAIL, "message:stock question", 2.2))),
            StepBlock(
                (
                    *rekey(_MAIL, "text:article", _STOCK, "field:article", "article"),
                    open_window(_STOCK, 0.6),
                    click(_STOCK, "button:execute"),
                )
            ),
            StepBlock((TaskStep("scroll", *_STOCK, seconds=1.5),), probability=0.5),
            StepBlock(
                (
                    TaskStep("click", *_STOCK, "cell:available", slot="stock", seconds=2.0),
                    open_window(_MAIL),
                    click(_MAIL, "button:reply"),
                    TaskStep("edit", *_MAIL, "field:body", slot="stock", typed=True, seconds=4.0),
                    finish(_MAIL, "button:send"),
                )
            ),
        ),
        {"article": "id", "stock": "number"},
        teams=("logistics", "sales"),
        weight=2,
    )


def _confirm_purchase() -> Task:
    return Task(
        "confirm purchase order dates",
        (
            StepBlock((open_window(_MAIL), click(_MAIL, "message:order confirmation", 2.0, shows=True))),
            StepBlock(bridge(_MAIL, "text:order number", _PURCHASE, "field:order", "order")),
            StepBlock((open_window(_PURCHASE, 0.5), TaskStep("shortcut", *_PURCHASE, "field:order", seconds=0.6))),
            StepBlock((*rekey(_MAIL, "text:date", _PURCHASE, "field:confirmed date", "date"),), times=(1, 6)),
            StepBlock((open_window(_PURCHASE), *fill(_PURCHASE, "field:note", "note", 2.5)), probability=0.25),
            StepBlock((open_window(_PURCHASE, 0.5), finish(_PURCHASE, "button:save"))),
        ),
        {"order": "id", "date": "date", "note": "text"},
        object="purchase",
        teams=("logistics",),
        weight=2,
    )


def _book_carrier() -> Task:
    fields = [
        ("field:recipient", "field:to name", "to"),
        ("field:address", "field:to address", "address"),
        ("field:weight", "field:weight", "weight"),
        ("field:delivery", "field:reference", "delivery"),
    ]
    return Task(
        "book carrier for delivery",
        (
            StepBlock(
                (
                    open_window(_DELIVERY),
                    click(_DELIVERY, "row:delivery", 2.0, shows=True),
                    open_window(_CARRIER),
                    click(_CARRIER, "link:new booking"),
                    open_window(_DELIVERY),
                )
            ),
            *(
                StepBlock(bridge(_DELIVERY, text, _CARRIER, field, slot), group="booking")
                for text, field, slot in fields
            ),
            StepBlock(
                (
                    open_window(_CARRIER, 0.7),
                    *choose(_CARRIER, "field:service"),
                    click(_CARRIER, "button:get price", 2.5),
                    finish(_CARRIER, "button:confirm booking"),
                )
            ),
            StepBlock(
                (
                    *bridge(_CARRIER, "text:tracking number", _DELIVERY, "field:tracking", "tracking"),
                    TaskStep("save", *_DELIVERY, seconds=1.5),
                )
            ),
            StepBlock((open_window(_CARRIER), click(_CARRIER, "button:print label", 2.0)), probability=0.75),
        ),
        {"to": "name", "address": "text", "weight": "number", "delivery": "id", "tracking": "id"},
        object="delivery",
        teams=("logistics",),
        weight=2,
    )


DEFAULT_TASKS: Final[tuple[Task, ...]] = (
    _register_customer(),
    _enter_mailed_order(),
    _answer_ticket(),
    _post_invoice(),
    _weekly_report(),
    _approve_claim(),
    _onboard(),
    _reconcile(),
    _change_address(),
    _answer_stock_question(),
    _confirm_purchase(),
    _book_carrier(),
)
