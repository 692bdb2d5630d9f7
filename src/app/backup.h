// Copies of a data folder, made while the server runs or not; app/restore.h is the way back.
//
// Promise: all that was acknowledged before back_up() was called is in the copy, and the copy is
// one that a server could have left behind by a loss of power: it starts from it as it starts then.
// docs/user/backup.md is for people.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "app/admin.h"
#include "base/result.h"
#include "wire/json.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace gridloom::app {

// Into `folder`, which must be absolute, and not there or empty. What it made is gone again if it
// fails. Nobody waits for it. The answer says how many files and bytes there are.
// kBadParams: the folder is none that can be taken; kConflict: estate.stop was asked for; kIo.
[[nodiscard]] Result<wire::Json> back_up(const Estate& estate, const std::filesystem::path& folder);

// Adds `gridloom backup` and `gridloom restore` to the command line; parsing one puts what is to
// run into `chosen`. The returned object holds what was parsed and has to live as long.
[[nodiscard]] std::shared_ptr<void> add_backup(CLI::App& app, std::function<int()>& chosen);

}  // namespace gridloom::app
