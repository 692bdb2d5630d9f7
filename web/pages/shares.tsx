// Devices that the account shares with others, and others with it.
import {get} from '../api/client.ts';
import type {Share, Shares as ShareLists} from '../api/types.ts';
import {texts} from '../i18n/index.ts';
import {Failure, Skeleton, useLoad} from '../ui/load.tsx';

export function Shares() {
  const words = texts.value.settings;
  const loaded = useLoad((cancel) => get<ShareLists>('/shares', cancel), []);
  if (loaded.error) return <Failure error={loaded.error} retry={loaded.reload} />;
  if (!loaded.data) return <Skeleton height={80} />;
  const {given, received} = loaded.data;
  return (
    <>
      <h3>{words.given}</h3>
      {given.length === 0 && <p>{words.noneGiven}</p>}
      <List shares={given} facts={(one) => [words.with(one.account), words.theirs[one.rights]]} />
      <h3>{words.received}</h3>
      {received.length === 0 && <p>{words.noneShared}</p>}
      <List
        shares={received}
        facts={(one) => [words.sharedBy(one.account), words.rights[one.rights]]}
      />
    </>
  );
}

function List({shares, facts}: {shares: Share[]; facts: (share: Share) => string[]}) {
  if (shares.length === 0) return null;
  return (
    <ul class="sessions">
      {shares.map((share) => (
        <li key={`${share.sn} ${share.account}`} class="session">
          <p>
            <a href={`/d/${encodeURIComponent(share.sn)}`}>
              <bdi>{share.name}</bdi>
            </a>
            <br />
            <span class="muted small-text">{facts(share).join(' · ')}</span>
          </p>
        </li>
      ))}
    </ul>
  );
}
