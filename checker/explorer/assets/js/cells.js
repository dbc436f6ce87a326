// Cells of a state by number: their names, and where they lie in their fields.

/** For each field its cells, and for each cell its name. */
export function laidOut(facts) {
  const fields = [];
  const names = [];
  for (const field of facts.fields) {
    const first = names.length;
    for (const index of combinations(field.index.map((sort) => sort.values))) {
      names.push(index.length ? `${field.name}[${index.join(", ")}]` : field.name);
    }
    fields.push({ ...field, first, count: names.length - first });
  }
  const ghost = new Array(names.length).fill(false);
  for (const field of fields) if (field.ghost) ghost.fill(true, field.first, field.first + field.count);
  return { fields, names, ghost };
}

/** All combinations of values, the last fastest. */
export function combinations(lists) {
  return lists.reduce((found, values) => found.flatMap((each) => values.map((value) => [...each, value])), [[]]);
}
