// The size of a chart's box, followed as it changes.
import {useEffect, useRef, useState} from 'preact/hooks';

export function useSize(least: number) {
  const box = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({width: 640, height: 0});
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      if (!entry) return;
      const {width, height} = entry.contentRect;
      setSize({width: Math.max(least, width), height});
    });
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, [least]);
  return {box, ...size};
}
