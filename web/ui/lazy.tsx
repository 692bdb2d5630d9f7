// A component that comes when it is shown: what the first page does not need.
import type {ComponentType} from 'preact';
import {useEffect, useState} from 'preact/hooks';
import {Skeleton} from './load.tsx';

export type Loader<Props> = () => Promise<ComponentType<Props>>;

/** Give it another key for another `load`. */
export function Lazy<Props extends object>({load, props}: {load: Loader<Props>; props: Props}) {
  const [loaded, setLoaded] = useState<{component: ComponentType<Props>} | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  useEffect(() => {
    load().then((component) => setLoaded({component}), setFailure);
  }, [load]);
  if (failure !== null) throw failure;
  if (!loaded) return <Skeleton height={480} />;
  const Component = loaded.component;
  return <Component {...props} />;
}
