// The bridges of the account's devices: whether each reaches its peer, what passed, what is lost.
import {get} from '../api/client.ts';
import type {Bridge, Bridges as BridgeList, BridgeState} from '../api/types.ts';
import {decimal} from '../format/number.ts';
import {localeName, texts, whenText} from '../i18n/index.ts';
import {type Mark, StateMark} from '../ui/icon.tsx';
import {Failure, Skeleton, useLoad} from '../ui/load.tsx';
import {useRefresh} from './use_refresh.ts';

const marks: Record<BridgeState, Mark> = {
  off: 'never',
  connecting: 'quiet',
  connected: 'live',
  failing: 'critical',
  elsewhere: 'quiet',
};

const count = (messages: number) => decimal(messages, 0, localeName());

export function Bridges() {
  const minute = useRefresh();
  const loaded = useLoad((cancel) => get<BridgeList>('/bridges', cancel), [minute]);
  if (loaded.error) return <Failure error={loaded.error} retry={loaded.reload} />;
  if (!loaded.data) return <Skeleton height={60} />;
  const {bridges} = loaded.data;
  if (bridges.length === 0) return <p>{texts.value.settings.noBridges}</p>;
  return (
    <ul class="sessions">
      {bridges.map((bridge) => (
        <Row key={bridge.name} bridge={bridge} />
      ))}
    </ul>
  );
}

function Row({bridge}: {bridge: Bridge}) {
  const words = texts.value.settings;
  const isFailing = bridge.state === 'failing';
  return (
    <li class="session">
      <p>
        <StateMark mark={marks[bridge.state]} /> <bdi>{bridge.name}</bdi>
        {bridge.kind !== bridge.name && <span class="muted"> {bridge.kind}</span>}
        <br />
        <span class="muted small-text">
          <span class={isFailing ? 'bad' : ''}>
            {words.bridgeState[bridge.state]}
            {bridge.since !== undefined &&
              ` ${words.bridgeSince(whenText(bridge.since, 'moment'))}`}
          </span>
          {' · '}
          {words.passed(count(bridge.in), count(bridge.out))}
          {bridge.dropped > 0 && ` · ${words.dropped(count(bridge.dropped))}`}
        </span>
        {isFailing && bridge.lastError !== undefined && (
          <>
            <br />
            <span class="raw small-text">{bridge.lastError}</span>
          </>
        )}
      </p>
    </li>
  );
}
