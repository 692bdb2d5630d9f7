// History's storage in the memory of the process, for a server without a data folder and for tests.
// It is lost when the factory and all its connections are gone, and nothing in it is ever damaged.
#pragma once

#include <memory>

#include "history/store/store_factory.h"

namespace gridloom::history {

[[nodiscard]] std::shared_ptr<StoreFactory> memory_store_factory();

}  // namespace gridloom::history
