// A component that comes when it is shown: what the first page does not need.
import type {ComponentType} from 'preact';
import {useEffect, useState} from 'preact/hooks';
import {keep, kept} from '../store/kept.ts';
import {isAway, live} from '../store/live.ts';
import {Away, Skeleton} from './load.tsx';

export type Loader<Props> = () => Promise<ComponentType<Props>>;

const reloaded = 'reloaded';
const never = new Promise<never>(() => {
  // The page is left.
});

/**
 * What was asked for while the server was away comes once it is back. A server of another version
 * has other files: the page is loaded anew, once.
 */
async function loaded<Props>(load: Loader<Props>): Promise<ComponentType<Props>> {
  let component = await load().catch(() => null);
  if (!component) {
    await live.contactAgain();
    component = await load().catch((error: unknown) => {
      if (kept(reloaded, 'tab') !== null) throw error;
      keep(reloaded, '', 'tab');
      location.reload();
      return never;
    });
  }
  keep(reloaded, null, 'tab');
  return component;
}

/** Give it another key for another `load`. */
export function Lazy<Props extends object>({load, props}: {load: Loader<Props>; props: Props}) {
  const [shown, setShown] = useState<{component: ComponentType<Props>} | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  useEffect(() => {
    loaded(load).then((component) => setShown({component}), setFailure);
  }, [load]);
  if (failure !== null) throw failure;
  if (!shown) return isAway.value ? <Away /> : <Skeleton height={480} />;
  const Component = shown.component;
  return <Component {...props} />;
}
