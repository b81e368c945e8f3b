// Writes artifacts/ from forge's output: ABI and creation bytecode only, so the files change when the
// contracts do and not with paths or compiler notes. With --check it compares instead.
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const wanted = {
  'Reputation.json': 'Reputation.sol/Reputation.json',
  'ReputationFactory.json': 'factory.sol/ReputationFactory.json',
  'test/LegacyReputation.json': 'LegacyReputation.sol/LegacyReputation.json',
  'test/HostileReferrer.json': 'HostileReferrer.sol/HostileReferrer.json',
};

const folder = 'artifacts';
const made = Object.entries(wanted).map(([name, source]) => {
  const { abi, bytecode } = JSON.parse(readFileSync(join('out', source), 'utf8'));
  return [name, JSON.stringify({ contractName: name.replace(/.*\/|\.json$/g, ''), abi, bytecode: bytecode.object }, null, 2) + '\n'];
});

if (process.argv[2] === '--check') {
  const read = (name) => { try { return readFileSync(join(folder, name), 'utf8'); } catch { return null; } };
  const stale = made.filter(([name, text]) => read(name) !== text).map(([name]) => name);
  const present = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.json'));
  stale.push(...present.filter((name) => !(name in wanted)));
  if (stale.length > 0) {
    console.error(`solidity: artifacts/ is stale, run solidity/build: ${stale.join(', ')}`);
    process.exit(1);
  }
  console.error('solidity: artifacts/ is what the sources give');
} else {
  rmSync(folder, { recursive: true, force: true });
  for (const [name, text] of made) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  console.error(`solidity: wrote ${made.map(([name]) => join(folder, name)).join(', ')}`);
}
