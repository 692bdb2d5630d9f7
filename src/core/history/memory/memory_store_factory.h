// History's storage in the memory of the process, for a server without a data folder and for tests.
// It is lost when the factory and all its connections are gone, and nothing in it is ever damaged.
#pragma once

#include <functional>
#include <memory>

#include "base/result.h"
#include "history/store/store_factory.h"

namespace gridloom::history {

// `on_write` is called before each Store::write(), which returns its error, if it has one: a
// storage that is away for a while. Empty: none ever is.
[[nodiscard]] std::shared_ptr<StoreFactory> memory_store_factory(
    std::function<Status()> on_write = {});

}  // namespace gridloom::history
