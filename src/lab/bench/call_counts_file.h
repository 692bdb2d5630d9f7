// The file in which a process counts its own system calls, allocations and copies. The process runs
// with the library bench/call_counter.cc preloaded, which writes the counts into this mapped file;
// call_counts.h reads it while the process runs, without a signal or a lock.
//
// The file is an array of 64-bit words of this machine: kCallCountsMagic and the number of threads
// that have a row, in the first kCallRowWords words; then kCallRows rows of as many words. A row
// belongs to one thread and has a counter for each Call; the counters of a thread that ended stay.
//
// Not counted: copies that the compiler made of plain instructions, copies and system calls within
// the C library, and waits of mutexes and condition variables.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gridloom::bench {

// System calls by the function of the C library that makes them, then memory. kRecv, kSend and
// kPoll stand for all functions of their kind: recvmsg, sendmsg, epoll_wait.
enum class Call : std::uint8_t {
  kRecv,
  kRead,
  kSend,
  kWrite,
  kWritev,
  kPoll,
  kEpollCtl,
  kSync,
  kPread,
  kPwrite,
  kAccept,
  kSyscall,  // syscall(): futexes of std::atomic, for example
  kAllocations,
  kAllocatedBytes,
  kCopies,
  kCopiedBytes,
};
inline constexpr std::array<std::string_view, 16> kCallNames = {
    "recv",   "read",        "send",   "write",  "writev",  "poll",        "epoll_ctl",
    "sync",   "pread",       "pwrite", "accept", "syscall", "allocations", "allocated_bytes",
    "copies", "copied_bytes"};
inline constexpr std::size_t kSystemCalls = 12;  // the first of Call

inline constexpr std::uint64_t kCallCountsMagic = 0x3174'6e75'6f63'6c67;  // "glcount1"
inline constexpr std::size_t kCallRows = 256;  // threads of a process over its life
inline constexpr std::size_t kCallRowWords = 32;
inline constexpr std::size_t kCallFileWords = kCallRowWords * (kCallRows + 1);

}  // namespace gridloom::bench
