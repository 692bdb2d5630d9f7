#include "ownership/effects.h"

namespace gridloom::cluster {

std::string_view name_of(CloseReason reason) {
  switch (reason) {
    case CloseReason::kNotTrusted:
      return "this node's beats do not come back";
    case CloseReason::kOvertaken:
      return "another node has claimed it";
    case CloseReason::kHandOver:
      return "another node has fewer slots";
    case CloseReason::kDraining:
      return "this node ends";
  }
  return "";
}

}  // namespace gridloom::cluster
