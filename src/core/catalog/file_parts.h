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

// The parts of a file, each entry with the defaults and templates that the file writes once for
// several.
struct FileParts {
  std::vector<FilePart> fields;
  std::vector<FilePart> commands;
};
// kMalformed: the file has mistakes.
[[nodiscard]] Result<FileParts> file_parts(const EmbeddedFile& file);

}  // namespace gridloom::catalog
