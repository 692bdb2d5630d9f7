// The JSON Schema (draft 07) of device files, for editors. It is made of the loader's own tables
// and refuses nothing that the loader accepts; the loader also checks what a schema cannot say.
#pragma once

#include <string>

namespace gridloom::catalog {

// The text of devices/schema.json.
[[nodiscard]] std::string device_file_schema();

}  // namespace gridloom::catalog
