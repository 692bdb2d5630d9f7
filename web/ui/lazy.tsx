// A component that comes when it is shown: what the first page does not need.
import type {ComponentType} from 'preact';
import {useEffect, useState} from 'preact/hooks';
import {isAway, live} from '../store/live.ts';
import {Away, Skeleton} from './load.tsx';

export type Loader<Props> = () => Promise<ComponentType<Props>>;

/** What was asked for while the server was away comes once it is back. */
async function loaded<Props>(load: Loader<Props>): Promise<ComponentType<Props>> {
  try {
    return await load();
  } catch {
    await live.contactAgain();
    return load();
  }
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
