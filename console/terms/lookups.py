"""`field__begins="ann"`: starts with just this, found in an index of either database. `startswith` is a LIKE, for which
SQLite ignores case and so reads every row."""

from typing import Any

from django.db.models import CharField, Lookup

LAST = "\U0010ffff"  # no text that people or machines write goes on with it


class Begins(Lookup):
    lookup_name = "begins"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, params = self.process_lhs(compiler, connection)
        return f"({column} >= %s AND {column} < %s)", (*params, self.rhs, *params, self.rhs + LAST)

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, params = self.process_lhs(compiler, connection)
        return f"{column} LIKE %s", (*params, f"{connection.ops.prep_for_like_query(self.rhs)}%")


CharField.register_lookup(Begins)
