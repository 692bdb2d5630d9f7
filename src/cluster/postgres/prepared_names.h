// The names under which a session has prepared statements, by their text and types. Internal to
// this room.
//
// Thread rule: as for Connection.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/string_map.h"

namespace gridloom::postgres {

class PreparedNames {
 public:
  struct Name {
    std::string text;
    bool is_new = false;
  };
  // The name of the statement that the key stands for: the one that it has, or a new one.
  [[nodiscard]] Name name_of(std::string_view key);
  // It was not prepared, and gets another name at its next use.
  void forget(std::string_view name);

 private:
  StringMap<std::string> names_;
  std::size_t next_ = 1;
};

}  // namespace gridloom::postgres
