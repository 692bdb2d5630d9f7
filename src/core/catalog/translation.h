// The texts of a device file in another language: a translation has the titles, descriptions, signs
// and names of values of a device file, under the same keys. Both are trees here, before templates
// and defaults are written out, so that what is said once is translated once. Private to catalog.
#pragma once

#include <string>
#include <vector>

#include "catalog/entry.h"
#include "catalog/yaml_tree.h"

namespace gridloom::catalog {

// Puts the texts of a translation into the tree of its device file. Records keys that no
// translation has, and those that the device file lacks. A description without a title takes the
// place of the device file's title as well: a label has one language.
void put_texts(YamlNode& file, const YamlNode& translation, Mistakes& mistakes);

// The texts of a device file that its translation lacks, by their keys: "fields.pd.soc.title". A
// title is missing only where none comes of the description.
[[nodiscard]] std::vector<std::string> missing_texts(const YamlNode& file,
                                                     const YamlNode& translation);

}  // namespace gridloom::catalog
