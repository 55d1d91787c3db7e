// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include <linux/if_xdp.h>

namespace tollgate::agent {

/// Where a ring of an AF_XDP socket lies in memory that is shared with the kernel
/// (Documentation/networking/af_xdp.rst): two counters that only grow, modulo 2^32, and the
/// entries.
struct RingMemory {
    std::uint32_t* producer = nullptr;
    std::uint32_t* consumer = nullptr;
    std::uint32_t* flags = nullptr;
    void* entries = nullptr;
    std::uint32_t size = 0;  ///< entries, a power of two
};

/// A ring into which we put what the kernel takes out: fill and TX. One thread uses it.
template <typename Entry>
class ProducerRing {
  public:
    ProducerRing() = default;
    explicit ProducerRing(const RingMemory& memory)
        : memory_{memory}, produced_{*memory.producer} {}

    /// How many more there is room for.
    [[nodiscard]] std::uint32_t room() const { return memory_.size - waiting(); }
    /// How many the kernel has not taken yet, those that it has not been shown included.
    [[nodiscard]] std::uint32_t waiting() const {
        return produced_ - std::atomic_ref{*memory_.consumer}.load(std::memory_order_acquire);
    }
    /// @pre room()
    void put(const Entry& entry) {
        static_cast<Entry*>(memory_.entries)[produced_ & (memory_.size - 1)] = entry;
        ++produced_;
    }
    /// Shows the kernel what was put in.
    void publish() {
        std::atomic_ref{*memory_.producer}.store(produced_, std::memory_order_release);
    }
    /// Whether the kernel sleeps until it is called.
    [[nodiscard]] bool needs_wakeup() const {
        return (std::atomic_ref{*memory_.flags}.load(std::memory_order_relaxed) &
                XDP_RING_NEED_WAKEUP) != 0;
    }

  private:
    RingMemory memory_;
    std::uint32_t produced_ = 0;
};

/// A ring from which we take what the kernel has put in: RX and completion. One thread uses it.
template <typename Entry>
class ConsumerRing {
  public:
    ConsumerRing() = default;
    explicit ConsumerRing(const RingMemory& memory)
        : memory_{memory}, consumed_{*memory.consumer} {}

    /// How many there are. Never more than the ring has room for, whatever is written there.
    [[nodiscard]] std::uint32_t available() const {
        const std::uint32_t count =
            std::atomic_ref{*memory_.producer}.load(std::memory_order_acquire) - consumed_;
        return count <= memory_.size ? count : 0;
    }
    /// @pre available()
    [[nodiscard]] Entry take() {
        return static_cast<const Entry*>(memory_.entries)[consumed_++ & (memory_.size - 1)];
    }
    /// Lets the kernel reuse the entries that were taken.
    void release() {
        std::atomic_ref{*memory_.consumer}.store(consumed_, std::memory_order_release);
    }

  private:
    RingMemory memory_;
    std::uint32_t consumed_ = 0;
};

}  // namespace tollgate::agent
