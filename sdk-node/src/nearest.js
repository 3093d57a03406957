// The name that somebody may have meant.
'use strict';

function distance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      next[j] = Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length];
}

/** One of `names` that differs little from `name`, or undefined. */
function nearest(name, names) {
  if (name.length > 64) return undefined;
  const plain = (text) => text.toLowerCase().replace(/[_.-]/g, '');
  const wanted = plain(name);
  const scored = names.map((known) => [distance(wanted, plain(known)), known]);
  scored.sort((a, b) => a[0] - b[0]);
  const [best, known] = scored[0] ?? [Infinity];
  return best <= Math.max(1, Math.floor(wanted.length / 3)) ? known : undefined;
}

module.exports = { nearest };
