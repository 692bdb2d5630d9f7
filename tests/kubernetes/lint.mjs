// Checks Kubernetes objects against the schemas of Kubernetes, in the npm package kubernetes-models: its validators are
// compiled from the OpenAPI file of the API server. A field that no schema knows is a finding too, as the API server
// drops it without a word: validators read each field that they know, so one that nothing has read is unknown.
//
//     node lint.mjs < OBJECTS     a JSON array; run where npm has installed the package
//
// Prints FINDINGS, one a line: KIND/NAME PATH: what is wrong. Exits 1 if there are any.
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';

const require = createRequire(`${process.cwd()}/package.json`);

// The fields of `value` that are read go into `read`, as JSON pointers.
function watched(value, path, read) {
  if (value === null || typeof value !== 'object') return value;
  return new Proxy(value, {
    get(target, key) {
      const inner = target[key];
      if (typeof key !== 'string' || !Object.hasOwn(target, key)) return inner;
      const at = `${path}/${key}`;
      read.add(at);
      return watched(inner, at, read);
    },
  });
}

function fields(value, path, found = []) {
  if (value === null || typeof value !== 'object') return found;
  for (const [key, inner] of Object.entries(value)) {
    found.push(`${path}/${key}`);
    fields(inner, `${path}/${key}`, found);
  }
  return found;
}

function modelOf({apiVersion, kind}) {
  try {
    return require(`kubernetes-models/${apiVersion}`)[kind];
  } catch {
    return undefined;
  }
}

function findings(object) {
  const model = modelOf(object);
  if (model === undefined) return [`: there is no ${object.kind} in ${object.apiVersion}`];
  const read = new Set();
  const found = [];
  try {
    model.prototype.validate.call(watched(object, '', read));
  } catch (error) {
    if (!Array.isArray(error.errors)) throw error;
    found.push(...error.errors.map((each) => `${each.instancePath}: ${each.message}`));
  }
  // Below an unknown field, nothing is known either.
  const unknown = fields(object, '').filter((path) => !read.has(path));
  for (const path of unknown) {
    if (!unknown.includes(path.slice(0, path.lastIndexOf('/'))))
      found.push(`${path}: there is no such field`);
  }
  return found;
}

let count = 0;
for (const object of JSON.parse(readFileSync(0, 'utf8'))) {
  for (const finding of findings(object)) {
    process.stdout.write(`${object.kind}/${object.metadata?.name} ${finding}\n`);
    count += 1;
  }
}
process.exitCode = count === 0 ? 0 : 1;
