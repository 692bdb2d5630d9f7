#include "app/process/version.h"

#include <fmt/format.h>

namespace gridloom::app {

std::string_view version() { return GL_VERSION; }

std::string version_text() {
  return commit().empty() ? fmt::format("gridloom {}", version())
                          : fmt::format("gridloom {} ({})", version(), commit());
}

}  // namespace gridloom::app
