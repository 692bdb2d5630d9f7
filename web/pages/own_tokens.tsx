// The tokens of programs and cards of the account, and removing one.
import {useRef, useState} from 'preact/hooks';
import {type ApiError, get, request} from '../api/client.ts';
import type {OwnToken, Tokens} from '../api/types.ts';
import {reasonText, texts, whenText} from '../i18n/index.ts';
import {home} from '../store/home.ts';
import {Failure, Skeleton, useLoad} from '../ui/load.tsx';

export function OwnTokens() {
  const loaded = useLoad((cancel) => get<Tokens>('/tokens', cancel), []);
  const [refusal, setRefusal] = useState<ApiError | null>(null);
  if (loaded.error) return <Failure error={loaded.error} retry={loaded.reload} />;
  if (!loaded.data) return <Skeleton height={60} />;
  const {tokens} = loaded.data;
  const remove = async (number: number) => {
    setRefusal(null);
    await request('DELETE', `/tokens/${number}`).catch(setRefusal);
    loaded.reload();
  };
  return (
    <>
      {tokens.length === 0 && <p>{texts.value.settings.noTokens}</p>}
      {tokens.length > 0 && (
        <ul class="sessions">
          {tokens.map((token) => (
            <Row key={token.number} token={token} remove={() => void remove(token.number)} />
          ))}
        </ul>
      )}
      {refusal && (
        <p class="bad" role="alert">
          {reasonText(refusal)}
        </p>
      )}
    </>
  );
}

function Row({token, remove}: {token: OwnToken; remove: () => void}) {
  const words = texts.value.settings;
  const dialog = useRef<HTMLDialogElement>(null);
  return (
    <li class="session">
      <p>
        <bdi>{token.name}</bdi>
        <br />
        <span class="muted small-text">
          {purposeOf(token)} ·{' '}
          <span class="whole">{words.madeOn(whenText(token.made, 'date'))}</span>
          {' · '}
          <span class={token.expired ? 'whole bad' : 'whole'}>{endOf(token)}</span>
        </span>
      </p>
      <button type="button" class="small" onClick={() => dialog.current?.showModal()}>
        {words.remove}
        <span class="hidden"> {token.name}</span>
      </button>
      <dialog ref={dialog} aria-label={words.removeTitle(token.name)}>
        <h2>
          <bdi>{words.removeTitle(token.name)}</bdi>
        </h2>
        <p>{words.removeText}</p>
        <div class="buttons">
          <button type="button" autofocus onClick={() => dialog.current?.close()}>
            {texts.value.set.cancel}
          </button>
          <button
            type="button"
            class="danger"
            onClick={() => {
              dialog.current?.close();
              remove();
            }}
          >
            {words.remove}
          </button>
        </div>
      </dialog>
    </li>
  );
}

/** What a token may do; a card's device by its name, which is known unless it is gone. */
function purposeOf({scope, device}: OwnToken): string {
  const words = texts.value.settings;
  if (scope !== 'card') return words.scope[scope];
  if (device === undefined) return words.cardOfHome;
  return words.cardOf(home.value?.devices.find(({sn}) => sn === device)?.name ?? device);
}

function endOf({expiresAt, expired}: OwnToken): string {
  const words = texts.value.settings;
  if (expiresAt === undefined) return words.endless;
  const date = whenText(expiresAt, 'date');
  return expired ? words.ended(date) : words.ends(date);
}
