#include "cost/counter.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

// Compiler callbacks, C library functions and linker names for wrapped functions have fixed names.
// NOLINTBEGIN(readability-identifier-naming, cppcoreguidelines-no-malloc)
namespace {

constexpr std::uint64_t kAllocation = 8;
constexpr std::uint64_t kBytesMoved = 16;
constexpr std::uint64_t kBytesHashed = 4;

std::uint64_t spent = 0;

void spend_on(std::size_t bytes) { spent += 1 + bytes / kBytesMoved; }

}  // namespace

namespace gridloom::cost {
std::uint64_t units_spent() { return spent; }
}  // namespace gridloom::cost

extern "C" {

void on_edge(std::uint32_t* edge) __asm__("__sanitizer_cov_trace_pc_guard");
void on_edge(std::uint32_t* /*edge*/) { ++spent; }
void on_module(std::uint32_t* begin,
               std::uint32_t* end) __asm__("__sanitizer_cov_trace_pc_guard_init");
void on_module(std::uint32_t* /*begin*/, std::uint32_t* /*end*/) {}

// Shared libraries call these functions too; std::string is one example.
void* memcpy(void* __restrict to, const void* __restrict from, std::size_t size) noexcept {
  spend_on(size);
  auto* out = static_cast<unsigned char*>(to);
  const auto* in = static_cast<const unsigned char*>(from);
  for (; size >= 8; size -= 8, in += 8, out += 8) __builtin_memcpy(out, in, 8);
  for (; size > 0; --size) *out++ = *in++;
  return to;
}

void* memmove(void* to, const void* from, std::size_t size) noexcept {
  spend_on(size);
  auto* out = static_cast<unsigned char*>(to);
  const auto* in = static_cast<const unsigned char*>(from);
  if (out < in) {
    for (; size > 0; --size) *out++ = *in++;
  } else {
    for (; size > 0; --size) out[size - 1] = in[size - 1];
  }
  return to;
}

void* memset(void* to, int value, std::size_t size) noexcept {
  spend_on(size);
  auto* out = static_cast<unsigned char*>(to);
  for (; size > 0; --size) *out++ = static_cast<unsigned char>(value);
  return to;
}

int memcmp(const void* a, const void* b, std::size_t size) noexcept {
  const auto* x = static_cast<const unsigned char*>(a);
  const auto* y = static_cast<const unsigned char*>(b);
  std::size_t at = 0;
  while (at < size && x[at] == y[at]) ++at;
  spend_on(at);
  return at == size ? 0 : x[at] - y[at];
}

void* memchr(const void* in, int value, std::size_t size) noexcept {
  const auto* bytes = static_cast<const unsigned char*>(in);
  std::size_t at = 0;
  while (at < size && bytes[at] != static_cast<unsigned char>(value)) ++at;
  spend_on(at);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): as the C library has it
  return at == size ? nullptr : const_cast<unsigned char*>(bytes + at);
}

// The linker redirects OpenSSL's EVP_MAC_update to this function (--wrap).
struct evp_mac_ctx_st;
int authenticate(evp_mac_ctx_st* context, const unsigned char* bytes,
                 std::size_t size) __asm__("__real_EVP_MAC_update");
int authenticate_counted(evp_mac_ctx_st* context, const unsigned char* bytes,
                         std::size_t size) __asm__("__wrap_EVP_MAC_update");
int authenticate_counted(evp_mac_ctx_st* context, const unsigned char* bytes, std::size_t size) {
  spent += size / kBytesHashed;
  return authenticate(context, bytes, size);
}

}  // extern "C"

void* operator new(std::size_t size) {
  spent += kAllocation;
  if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t /*size*/) noexcept { std::free(memory); }
// NOLINTEND(readability-identifier-naming, cppcoreguidelines-no-malloc)
