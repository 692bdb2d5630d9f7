// The JSON Schemas (draft 07) of device files, their translations and home files, for editors. They
// are made of the loaders' own tables and refuse nothing that the loaders accept; the loaders also
// check what a schema cannot say.
#pragma once

#include <string>

namespace gridloom::catalog {

// The text of devices/schema.json.
[[nodiscard]] std::string device_file_schema();
// The text of devices/de/schema.json.
[[nodiscard]] std::string translation_schema();
// The text of homes/schema.json.
[[nodiscard]] std::string home_file_schema();

}  // namespace gridloom::catalog
