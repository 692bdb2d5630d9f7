// Writes out what a device file says once for several entries: `defaults`, groups of fields (keys
// of `fields` that end with a dot) and `templates`. Afterwards each field, member, report, command
// and param has all its keys, as if the file had them. Private to catalog.
//  A key that stands in an entry itself comes first, then those of a template's use, of the
// template, of the longest group and of shorter ones, and of the defaults. Values are replaced as a
// whole. Templates do not nest. A part that is written out keeps the line where it stands; a
// mistake in a field that a template makes names the line of the use as well.
#pragma once

#include <cstddef>

#include "catalog/entry.h"
#include "catalog/yaml_tree.h"

namespace gridloom::catalog {

// The most that is written out, so that a small file cannot become a huge one.
struct ExpandLimits {
  std::size_t nodes = 100'000;
  std::size_t bytes = std::size_t{4} * 1024 * 1024;  // of keys and texts
};

// `root` is the whole file, and `file` the entry that reads it. Mistakes are recorded in those of
// `file`; what they concern is left out.
void expand(YamlNode& root, const Entry& file, const ExpandLimits& limits = {});

}  // namespace gridloom::catalog
