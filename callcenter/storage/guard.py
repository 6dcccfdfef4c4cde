"""What keeps a statement of a business's session inside that business; refuses what cannot be kept inside.

SQLAlchemy's loader criteria limit every mapped table that a SELECT, UPDATE or DELETE names, also in joins, aliases,
subqueries, CTEs and unions. This module refuses the ways around them: plain tables, SQL text that names a table, writes
that name two tables at once, bulk updates by primary key, and upserts that would touch another business's row.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import Table, and_
from sqlalchemy.orm import Mapper, ORMExecuteState, with_loader_criteria
from sqlalchemy.sql import Alias, ClauseElement, ColumnElement, Insert, Select, TableClause, TextClause
from sqlalchemy.sql.elements import BindParameter, ColumnClause
from sqlalchemy.sql.selectable import SelectBase
from sqlalchemy.sql.visitors import HasTraverseInternals

from callcenter.storage.base import Base, BusinessOwned, Shared

_WORD = re.compile(r"\w+")
BUSINESS = "business_id"


class ScopeError(RuntimeError):
    """Code tried to reach a business's rows without saying which business, or another business's rows."""


@lru_cache(maxsize=256)
def criteria(business: int) -> tuple[Any, ...]:
    """The options that limit a statement to a business."""
    owned = with_loader_criteria(BusinessOwned, lambda cls: cls.business_id == business, include_aliases=True)
    shared = [
        with_loader_criteria(mapper.class_, mapper.class_.visible_to(business), include_aliases=True)
        for mapper in Base.registry.mappers
        if issubclass(mapper.class_, Shared)
    ]
    return (owned, *shared)


def check(statement: Any, *, inside: bool) -> None:
    """Refuses what loader criteria cannot limit. ``inside`` False: nothing of any business may be named at all."""
    levels = [cast("ClauseElement", statement)]
    seen: set[int] = set()
    while levels:
        level = levels.pop()
        if id(level) not in seen:
            seen.add(id(level))
            levels += _check_level(level, inside)


def _check_level(level: ClauseElement, inside: bool) -> list[ClauseElement]:
    """Checks one SELECT, UPDATE …; returns the SELECTs inside it. A plain column is fine beside its mapped class."""
    tables = Base.metadata.tables
    below: list[ClauseElement] = []
    mapped: set[str] = set()
    plain: set[str] = set()
    for element in _elements(level):
        if isinstance(element, TextClause):
            if named := [word for word in _WORD.findall(element.text) if word in tables]:
                raise ScopeError(f"SQL text names {', '.join(named)}: write it with the mapped classes")
            continue
        if element is not level and isinstance(element, SelectBase):
            below.append(element)
            continue
        table = _table_of(element)
        if table is None or table.name not in tables:
            continue
        if "parententity" in element._annotations:
            mapped.add(table.name)
        elif isinstance(element, ColumnClause) and (element.table is table or _is_excluded(level, element)):
            plain.add(table.name)
        else:
            raise _without_class(table.name)
    for name in plain - mapped:
        raise _without_class(name)
    for name in mapped:
        kind = _class_of(name)
        if not inside:
            raise ScopeError(f"{kind.__name__} used without a business")
        if not issubclass(kind, BusinessOwned | Shared):
            raise ScopeError(f"{kind.__name__} belongs to the whole installation: use Database.system()")
    return below


def _is_excluded(level: ClauseElement, column: ColumnClause[Any]) -> bool:
    """Whether ``column`` is a value of ON CONFLICT's own ``excluded`` row."""
    return isinstance(level, Insert) and isinstance(column.table, Alias) and column.table.name == "excluded"


def _without_class(table: str) -> ScopeError:
    return ScopeError(f"table {table} named without its class, so it cannot be limited to a business")


def _table_of(element: ClauseElement) -> TableClause | None:
    """The table that a table, an alias of a table, or a column of either stands for."""
    found: Any = element.table if isinstance(element, ColumnClause) else element
    while isinstance(found, Alias):
        found = found.element
    return found if isinstance(found, TableClause) else None


def _elements(level: ClauseElement) -> Iterator[ClauseElement]:
    """What a statement names, without the inside of its subqueries.

    FROMs that only follow from columns are left out: they are plain, the columns know their class.
    """
    stack: list[ClauseElement] = [level]
    seen: set[int] = set()
    while stack:
        element = stack.pop()
        if id(element) in seen:
            continue
        seen.add(id(element))
        yield element
        if element is not level and isinstance(element, SelectBase):
            continue
        if isinstance(element, ColumnClause):
            if _table_of(element) is None and element.table is not None:
                stack.append(element.table)
        elif _table_of(element) is None:
            stack.extend(_children(element))


def _children(element: ClauseElement) -> Iterable[ClauseElement]:
    omit = ("_correlate", "_correlate_except") if isinstance(element, Select) else ()
    return cast("Iterable[ClauseElement]", HasTraverseInternals.get_children(element, omit_attrs=omit))


@lru_cache(maxsize=512)
def _class_of(table: str) -> type[Any]:
    for mapper in Base.registry.mappers:
        if isinstance(mapper.local_table, Table) and mapper.local_table.name == table:
            return mapper.class_
    raise ScopeError(f"table {table} has no class")


def check_change(state: ORMExecuteState, business: int) -> dict[str, list[Any]]:
    """Refuses UPDATEs and DELETEs that could leave the business; returns the references that an UPDATE sets."""
    statement: Any = state.statement
    if state.is_executemany or "dml_strategy" in state.execution_options:
        raise ScopeError("bulk UPDATE by primary key is not limited to a business: change the objects instead")
    target = statement.table
    for clause in statement._where_criteria:
        for element in _elements(clause):
            table = _table_of(element)
            if table is not None and table.name != target.name:
                raise ScopeError("UPDATE or DELETE with a second table: use a subquery (IN, EXISTS)")
    values = {_name(key): value for key, value in (getattr(statement, "_values", None) or {}).items()}
    for key, value in getattr(statement, "_ordered_values", None) or ():
        values[_name(key)] = value
    values |= state.parameters if isinstance(state.parameters, Mapping) and state.is_update else {}
    if BUSINESS in values and _plain(values[BUSINESS]) != business:
        raise ScopeError("a row cannot be moved to another business")
    return {name: [_plain(value)] for name, value in values.items()}


def fill_insert(state: ORMExecuteState, business: int) -> tuple[Insert, Any, dict[str, list[Any]]]:
    """The INSERT with the business filled in: statement, parameters, and the references that it sets."""
    statement = cast("Insert", state.statement)
    kind = _class_of(cast("Table", statement.table).name)
    if not issubclass(kind, BusinessOwned):
        raise ScopeError(f"{kind.__name__} rows are made with Database.system()")
    if statement.select is not None or statement._multi_values:
        raise ScopeError("INSERT from SELECT or with many VALUES: give the rows as parameters instead")
    given = {_name(key): value for key, value in (statement._values or {}).items()}
    sent: Any = state.parameters
    rows: list[Mapping[str, Any]] = sent if isinstance(sent, list) else [sent or {}]
    for row in (given, *rows):
        if BUSINESS in row and _plain(row[BUSINESS]) != business:
            raise ScopeError(f"{kind.__name__} of another business written")
    references: dict[str, list[Any]] = {name: [_plain(value)] for name, value in given.items()}
    for row in rows:
        for name, value in row.items():
            references.setdefault(str(name), []).append(value)
    statement = _limit_conflict(statement, kind, business)
    if state.parameters:
        filled = [{**row, BUSINESS: business} for row in rows]
        if BUSINESS in given:
            statement = copy.copy(statement)
        return statement, filled if isinstance(state.parameters, list) else filled[0], references
    return statement.values({BUSINESS: business}), None, references


def _limit_conflict(statement: Insert, kind: type[Any], business: int) -> Insert:
    clause: Any = statement._post_values_clause
    if clause is None:
        return statement
    for part in getattr(clause, "clauses", [clause]):
        if not hasattr(part, "update_values_to_set"):
            continue
        if any(_name(key) == BUSINESS for key in part.update_values_to_set):
            raise ScopeError("ON CONFLICT may not set the business")
    limited = copy.copy(clause)
    if hasattr(clause, "update_values_to_set"):
        own = kind.__table__.c[BUSINESS] == business
        before = clause.update_whereclause
        limited.update_whereclause = own if before is None else and_(before, own)
    elif hasattr(clause, "clauses"):
        raise ScopeError("more than one ON CONFLICT cannot be limited to a business")
    made = statement._generate()
    made._post_values_clause = limited
    return made


def _name(key: Any) -> str:
    return str(getattr(key, "key", key))


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, BindParameter) else value


def references_of(mapper: Mapper[Any], values: Mapping[str, Sequence[Any]]) -> dict[type[Any], set[Any]]:
    """Which rows of other owned tables are named: class → ids. ``values``: attribute or column name → values set."""
    wanted: dict[type[Any], set[Any]] = {}
    for column in mapper.local_table.c:
        if column.key not in values or column.key == BUSINESS:
            continue
        for key in column.foreign_keys:
            target = _class_of(key.column.table.name)
            if not issubclass(target, BusinessOwned) or not key.column.primary_key:
                continue
            ids = {value for value in values[column.key] if value is not None and not isinstance(value, ColumnElement)}
            wanted.setdefault(target, set()).update(ids)
    return {target: ids for target, ids in wanted.items() if ids}
