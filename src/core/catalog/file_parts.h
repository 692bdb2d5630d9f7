// The entries of a device file as text, for a program that writes another file with them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "catalog/loader.h"

namespace gridloom::catalog {

struct FilePart {
  std::string name;
  // Each key with its value as YAML in one line, in the order of the file: {"type", "int"}.
  std::vector<std::pair<std::string, std::string>> keys;
};

// What the file says once for several entries, by defaults and templates, stands in each of them.
struct FileParts {
  std::vector<FilePart> fields;
  std::vector<FilePart> commands;
};
// kMalformed: the file has mistakes.
[[nodiscard]] Result<FileParts> file_parts(const EmbeddedFile& file);

}  // namespace gridloom::catalog
