// The kinds of registry stores that need no other program.
#include <memory>
#include <vector>

#include "registry/store_conformance/test_stores.h"

namespace gridloom::registry {

std::vector<StoreKind> store_kinds() {
  return {
      {"Sqlite", [] -> std::unique_ptr<StoredRegistry> { return std::make_unique<InSqlite>(); }}};
}

}  // namespace gridloom::registry
