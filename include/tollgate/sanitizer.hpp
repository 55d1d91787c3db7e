// SPDX-License-Identifier: MIT
#pragma once

namespace tollgate {

#if defined(__has_feature)  // clang's way to say it
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TOLLGATE_SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(TOLLGATE_SANITIZED)
#undef TOLLGATE_SANITIZED
/// Whether this is a build with a sanitizer: it has an allocator of its own, so that the C
/// library's is not even begun, and shadow memory, which is terabytes of address space.
inline constexpr bool kIsSanitized = true;
#else
inline constexpr bool kIsSanitized = false;
#endif

}  // namespace tollgate
