// Room on the disk that is kept for a full disk: SQLite needs some to read a database (DB-shm) and
// to delete from it (DB-wal). A start, a command for a stopped server and a command that frees room
// find it by removing the reserve; each start of a server makes it again.
//
// The reserve is a folder of files, because a disk may also be out of inodes. Everything here is
// best effort, and works on the folder of whoever holds its DataLock.
#pragma once

#include <filesystem>

namespace gridloom::storage {

// Makes the reserve as far as it is missing, if the disk has plenty of room.
void keep_reserve(const std::filesystem::path& data_folder);

// Removes the reserve; true if there was one.
bool use_reserve(const std::filesystem::path& data_folder);

// Whether the disk has too little room, or too few inodes, for a start.
[[nodiscard]] bool is_nearly_full(const std::filesystem::path& data_folder);

}  // namespace gridloom::storage
