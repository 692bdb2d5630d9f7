// The families: what each one's file says, for people who look something up or write programs.
import {get, language} from '../api/client.ts';
import type {Families, FamilySummary, Unserved, UnservedProduct} from '../api/types.ts';
import {texts} from '../i18n/index.ts';
import {decoded, familyPath, path} from '../store/routes.ts';
import {PageTitle, useTitle} from '../ui/controls.tsx';
import {Failure, Skeleton, useLoad} from '../ui/load.tsx';
import {FamilyPage} from './family.tsx';
import {Prefixes} from './product_prefixes.tsx';
import {byName} from './products.ts';

export function FamiliesPage() {
  const id = decoded(path.value.split('/')[2] ?? '') ?? '';
  return id ? <FamilyPage key={id} id={id} /> : <AllFamilies />;
}

function AllFamilies() {
  const words = texts.value.families;
  useTitle(words.title);
  const loaded = useLoad((cancel) => get<Families>('/families', cancel), [language.value]);
  if (loaded.error) return <Failure error={loaded.error} retry={loaded.reload} />;
  return (
    <>
      <PageTitle>{words.title}</PageTitle>
      <p class="muted">{words.about}</p>
      {loaded.data ? (
        <>
          <ul class="families">
            {loaded.data.families.filter(isServed).map((family) => (
              <Summary key={family.id} family={family} />
            ))}
          </ul>
          <UnservedProducts products={loaded.data.unserved} />
        </>
      ) : (
        <Skeleton height={600} />
      )}
    </>
  );
}

/** The family of what no other one serves has no page: it says nothing of a device. */
const isServed = ({prefixes}: FamilySummary) => prefixes.length > 0;

function Summary({family}: {family: FamilySummary}) {
  const others = [...byName(family.products ?? []).keys()].filter((n) => n !== family.product);
  return (
    <li class="card">
      <h2>
        <a href={familyPath(family.id)}>
          <bdi>{family.product ?? family.id}</bdi>
        </a>
      </h2>
      <p class="small-text">{family.description}</p>
      {others.length > 0 && (
        <p class="muted small-text">
          <bdi>{others.join(', ')}</bdi>
        </p>
      )}
    </li>
  );
}

function UnservedProducts({products}: {products: UnservedProduct[]}) {
  const words = texts.value.families;
  const reasons = Object.keys(words.because) as Unserved[];
  const of = (reason: Unserved) => products.filter(({unserved}) => unserved === reason);
  if (products.length === 0) return null;
  return (
    <section class="card fields">
      <h2>{words.unserved}</h2>
      <p class="muted small-text">{words.unservedAbout}</p>
      {reasons
        .filter((reason) => of(reason).length > 0)
        .map((reason) => (
          <details key={reason} class="group">
            <summary>
              <h3>{words.because[reason]}</h3>
              <span class="muted">{byName(of(reason)).size}</span>
            </summary>
            <Prefixes products={of(reason)} />
          </details>
        ))}
    </section>
  );
}
