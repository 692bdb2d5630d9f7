// The devices of the server that runs on a data folder, through its admin socket: no key of an
// account is needed, because a user who may open the socket owns the folder.
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

#include "app/home/home.h"

namespace gridloom::app {

[[nodiscard]] std::unique_ptr<HomeConnection> local_home(const std::filesystem::path& data_folder);

// The device of the data folder that a person means (find_device()), whether a server runs on it or
// not.
[[nodiscard]] Result<ShownDevice> local_device(const std::filesystem::path& data_folder,
                                               std::string_view text);

}  // namespace gridloom::app
