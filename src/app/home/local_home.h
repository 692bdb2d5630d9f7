// The devices of the server that runs on a data folder, through its admin socket: no key of an
// account is needed, because a user who may open the socket owns the folder.
#pragma once

#include <filesystem>
#include <memory>

#include "app/home/home.h"

namespace gridloom::app {

[[nodiscard]] std::unique_ptr<Home> local_home(const std::filesystem::path& data_folder);

}  // namespace gridloom::app
