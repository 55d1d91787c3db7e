// SPDX-License-Identifier: MIT
#include "agent/tunnel/segment_buffer.hpp"

namespace tollgate::agent {

crypto::MutableBytes SegmentBuffer::reserve(std::size_t size) {
    if (count_ == 0) {
        segment_ = size;
    }
    const bool is_last_shorter = used_ != count_ * segment_;
    if (is_last_shorter || size > segment_ || count_ == kDatagramsMax || used_ + size > kBytesMax) {
        return {};
    }
    const crypto::MutableBytes place{bytes_.get() + used_, size};
    used_ += size;
    ++count_;
    return place;
}

void SegmentBuffer::clear() {
    used_ = 0;
    segment_ = 0;
    count_ = 0;
}

}  // namespace tollgate::agent
