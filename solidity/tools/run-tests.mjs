// Runs the tests, the gas snapshot and the check of artifacts/, and closes with one line that counts them.
import { spawnSync } from 'node:child_process';

function run(command, args) {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 1 << 28 });
  return { ok: status === 0, output: stdout ?? '' };
}

let passed = 0;
let failed = 0;
function count(name, { ok, output }) {
  if (!ok) process.stdout.write(output);
  console.log(`${ok ? 'pass' : 'FAIL'}  ${name}`);
  if (ok) passed++;
  else failed++;
}

const tests = run('forge', ['test', '--json']);
let suites = {};
try {
  suites = JSON.parse(tests.output.slice(tests.output.indexOf('{')));
} catch {
  process.stdout.write(tests.output);
}
for (const [suite, { test_results: results }] of Object.entries(suites)) {
  for (const [name, { status, reason }] of Object.entries(results)) {
    if (status === 'Success') passed++;
    else {
      failed++;
      console.log(`FAIL  ${suite} ${name}: ${reason ?? status}`);
    }
  }
}
// A run that counted nothing, or that failed without naming a test, is a failure of its own.
if (passed === 0 || (!tests.ok && failed === 0)) {
  process.stdout.write(tests.output);
  failed++;
}
console.log(`${Object.keys(suites).length} suites run`);

count('gas snapshot', run('forge', ['snapshot', '--check', '--match-path', 'test/Gas.t.sol']));
count('artefacts', run('./build', ['--check']));

console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
