// The kinds of session stores that need no other program.
#include <memory>
#include <vector>

#include "mqtt/store_conformance/test_stored.h"

namespace gridloom::mqtt {

std::vector<StoredKind> stored_kinds() {
  return {{"Sqlite", [] -> std::unique_ptr<Stored> { return std::make_unique<InSqlite>(); }}};
}

}  // namespace gridloom::mqtt
