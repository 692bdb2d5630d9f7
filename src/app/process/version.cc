#include "app/process/version.h"

namespace gridloom::app {

std::string_view version() { return GL_VERSION; }

}  // namespace gridloom::app
