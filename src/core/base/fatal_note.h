// Notes that the program dies by a fault of its own: by SIGSEGV, SIGBUS, SIGILL, SIGFPE or SIGABRT.
#pragma once

namespace gridloom {

// Once a thread with this name (at most 15 bytes; threads have the name of the one that started
// them) takes such a signal, a byte is written to `fd`. The signal then does what it did before.
// `fd` stays open. A second call changes both; not while another thread calls it.
void note_fatal_end(int fd, const char* thread_name);

// Gives the calling thread, and those that it starts from now on, a name of at most 15 bytes.
void name_this_thread(const char* name);

}  // namespace gridloom
