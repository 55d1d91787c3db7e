// SPDX-License-Identifier: MIT
#include "agent/system/startup_memory.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <tollgate/sanitizer.hpp>

namespace tollgate::agent {

namespace {

struct Segment {
    std::uintptr_t begin;
    std::uintptr_t end;
};

// A segment that may be written has relocations in its pages, also where it is read-only by now:
// those are not in the file.
int note_segments(dl_phdr_info* object, std::size_t /*size*/, void* noted) {
    const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    for (std::size_t i = 0; i < object->dlpi_phnum; ++i) {
        const ElfW(Phdr)& segment = object->dlpi_phdr[i];
        if (segment.p_type == PT_LOAD && (segment.p_flags & PF_W) == 0) {
            const std::uintptr_t begin = (object->dlpi_addr + segment.p_vaddr) / page * page;
            const std::uintptr_t end = object->dlpi_addr + segment.p_vaddr + segment.p_memsz;
            static_cast<std::vector<Segment>*>(noted)->push_back({begin, end});
        }
    }
    return 0;
}

}  // namespace

// The lists of segments are in those segments: all are read before the first is given back.
void give_back_startup_memory() {
    std::vector<Segment> segments;
    ::dl_iterate_phdr(&note_segments, &segments);
    if (!kIsSanitized) {
        ::malloc_trim(0);
    }
    for (const Segment& segment : segments) {
        // NOLINTNEXTLINE(*-reinterpret-cast,*-int-to-ptr): the loader has addresses as numbers
        auto* const begin = reinterpret_cast<void*>(segment.begin);
        ::madvise(begin, segment.end - segment.begin, MADV_DONTNEED);
    }
}

bool StartupMemory::tick() {
    if (is_given_back_ || clock_.boot_ns() - begin_ns_ < kStartNs) {
        return false;
    }
    is_given_back_ = true;
    give_back_startup_memory();
    return true;
}

}  // namespace tollgate::agent
