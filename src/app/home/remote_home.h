// The devices of an account on any server that has the signed HTTP API: a Gridloom server, or the
// vendor's cloud.
#pragma once

#include <memory>

#include "app/home/home.h"
#include "client/api_client.h"

namespace gridloom::app {

[[nodiscard]] Result<std::unique_ptr<HomeConnection>> remote_home(
    const client::ApiOptions& options);

}  // namespace gridloom::app
