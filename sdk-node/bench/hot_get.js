#!/usr/bin/env node
// Calls of Store.get a second on one hot key in one thread, as one line of JSON.
//
// usage: hot_get.js [--seconds S] [--value-bytes N]
'use strict';

const { parseArgs } = require('node:util');

const synap = require('..');

const CALLS = 100_000;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    'value-bytes': { type: 'string', default: '64' },
  },
});

/** Calls a second by the wall and by the processor, the loop's own cost included. */
function rounds(store, seconds) {
  const measured = [];
  const ends = performance.now() + seconds * 1000;
  while (performance.now() < ends) {
    const cpu = process.cpuUsage();
    const wall = performance.now();
    for (let i = 0; i < CALLS; i += 1) store.get('key:000000000042');
    const elapsed = performance.now() - wall;
    const used = process.cpuUsage(cpu);
    measured.push({ wall: CALLS / elapsed * 1e3, cpu: CALLS / (used.user + used.system) * 1e6 });
  }
  return measured;
}

const store = synap.open(':memory:');
store.set('key:000000000042', 'x'.repeat(Number(values['value-bytes'])));
rounds(store, 0.2);
const measured = rounds(store, Number(values.seconds));
const wall = measured.map((round) => round.wall).sort((a, b) => a - b);
const cpu = measured.map((round) => round.cpu).sort((a, b) => a - b);
console.log(JSON.stringify({
  benchmark: 'node hot get',
  calls_per_second: Math.round(wall[wall.length >> 1]),
  calls_per_cpu_second: Math.round(cpu[cpu.length >> 1]),
  slowest: Math.round(wall[0]),
  fastest: Math.round(wall[wall.length - 1]),
  rounds: measured.length,
  value_bytes: Number(values['value-bytes']),
}));
store.close();
