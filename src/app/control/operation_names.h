// Names in requests and answers of administration that clients know as well (app/control/admin.h).
#pragma once

#include <string_view>

namespace gridloom::app {

inline constexpr std::string_view kBackupOp = "backup";  // the only operation that takes hours
inline constexpr std::string_view kWarningMember = "warning";  // member of the answer to a change

}  // namespace gridloom::app
