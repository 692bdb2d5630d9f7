// What homes keep in a data folder, for its backup and its check.
#include <array>

#include "app/operations/backup.h"
#include "home/battery_modes.h"
#include "home/energy_counters.h"

namespace gridloom::operations {
namespace {

constexpr std::array kFiles = {
    FilesOfHome{.name = home::kCounterFiles, .is_folder = true, .check = home::check_counter_file},
    FilesOfHome{.name = home::kBatteryModeFile, .check = home::check_battery_mode_file},
};

}  // namespace

std::span<const FilesOfHome> files_of_home() { return kFiles; }

}  // namespace gridloom::operations
