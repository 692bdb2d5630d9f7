// Products, and how their serial numbers begin.
import {byName} from './products.ts';

export function Prefixes({products}: {products: {name: string; prefix: string}[]}) {
  return (
    <dl class="field-rows">
      {[...byName(products)].map(([name, each]) => (
        <div key={name} class="field-row">
          <dt>
            <bdi>{name}</bdi>
          </dt>
          <dd class="raw">{each.map(({prefix}) => prefix).join(' ')}</dd>
        </div>
      ))}
    </dl>
  );
}
