// The changes between two looks at a home: for `gridloom watch`. Pure.
#pragma once

#include <string>
#include <vector>

#include "wire/json.h"

namespace gridloom::app {

// One value as it was read.
struct SeenValue {
  std::string sn;
  std::string field;
  wire::Json value;
  std::string text;  // with unit and name
};

struct ValueChange {
  const SeenValue* before = nullptr;  // null: seen for the first time
  const SeenValue* now = nullptr;
};

// The values of `now` that are new or differ, in its order. The pointers are into the arguments.
[[nodiscard]] std::vector<ValueChange> changes_between(const std::vector<SeenValue>& before,
                                                       const std::vector<SeenValue>& now);

// "14:05:30  R331...  pd.soc  62 % -> 63 %"
[[nodiscard]] std::string change_line(const ValueChange& change, const std::string& clock);
[[nodiscard]] wire::JsonObject change_json(const ValueChange& change, const std::string& at);

}  // namespace gridloom::app
