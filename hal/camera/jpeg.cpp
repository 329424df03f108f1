#include "hal/camera/jpeg.hpp"

#include <cstdio>  // before jpeglib.h, which needs FILE
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <vector>

#include <jpeglib.h>

namespace celeriac::hal::camera {
namespace {

// libjpeg's own handler ends the process.
[[noreturn]] void raise(j_common_ptr) {
  throw std::runtime_error("libjpeg refuses a picture of ours");
}

/// libjpeg's compressor and the memory that it writes to.
class Compressor {
 public:
  Compressor() {
    info_.err = jpeg_std_error(&errors_);
    errors_.error_exit = raise;
    jpeg_create_compress(&info_);
    jpeg_mem_dest(&info_, &bytes_, &size_);
  }
  ~Compressor() {
    jpeg_destroy_compress(&info_);
    std::free(bytes_);
  }
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;

  /// `row_of(y)` gives three samples a pixel.
  template <class RowOf>
  std::string encode(int width, int height, J_COLOR_SPACE colours, RowOf row_of) {
    info_.image_width = static_cast<JDIMENSION>(width);
    info_.image_height = static_cast<JDIMENSION>(height);
    info_.input_components = 3;
    info_.in_color_space = colours;
    jpeg_set_defaults(&info_);
    jpeg_set_quality(&info_, jpeg_quality, TRUE);
    jpeg_start_compress(&info_, TRUE);
    while (info_.next_scanline < info_.image_height) {
      // The interface takes pointers to samples that it only reads.
      auto* row = const_cast<JSAMPROW>(row_of(info_.next_scanline));
      jpeg_write_scanlines(&info_, &row, 1);
    }
    jpeg_finish_compress(&info_);
    return {reinterpret_cast<const char*>(bytes_), size_};
  }

  /// What libjpeg would write with its defaults.
  std::string huffman_tables() {
    info_.input_components = 3;
    info_.in_color_space = JCS_YCbCr;
    jpeg_set_defaults(&info_);
    std::string tables;
    for (int number = 0; number < 2; ++number) {
      tables += table(info_.dc_huff_tbl_ptrs[number], number);
      constexpr int alternating = 0x10;
      tables += table(info_.ac_huff_tbl_ptrs[number], alternating | number);
    }
    const auto length = tables.size() + 2;
    return std::string("\xFF\xC4") + static_cast<char>(length >> 8) + static_cast<char>(length & 0xFF) +
           tables;
  }

 private:
  /// Class and number, how many codes there are of 1 to 16 bits, and what they stand for.
  static std::string table(const JHUFF_TBL* table, int class_and_number) {
    constexpr int longest_code = 16;
    std::string bytes(1, static_cast<char>(class_and_number));
    std::size_t codes = 0;
    for (int bits = 1; bits <= longest_code; ++bits) {
      bytes += static_cast<char>(table->bits[bits]);
      codes += table->bits[bits];
    }
    return bytes.append(reinterpret_cast<const char*>(table->huffval), codes);
  }

  jpeg_compress_struct info_{};
  jpeg_error_mgr errors_{};
  unsigned char* bytes_ = nullptr;
  unsigned long size_ = 0;
};

}  // namespace

std::string encode_jpeg(const Canvas& canvas) {
  const std::size_t stride = static_cast<std::size_t>(canvas.width()) * 3;
  return Compressor().encode(canvas.width(), canvas.height(), JCS_RGB,
                             [&](JDIMENSION y) { return canvas.bytes().data() + y * stride; });
}

std::string encode_jpeg(const YuyvFrame& frame) {
  constexpr std::size_t pair_bytes = 4, pair_samples = 6;
  const auto pairs = (static_cast<std::size_t>(frame.width) + 1) / 2;
  std::vector<JSAMPLE> row(pairs * pair_samples);
  return Compressor().encode(frame.width, frame.height, JCS_YCbCr, [&](JDIMENSION y) {
    const auto* from = frame.bytes.data() + y * frame.stride;
    auto* to = row.data();
    for (std::size_t pair = 0; pair < pairs; ++pair, from += pair_bytes, to += pair_samples) {
      to[0] = from[0];
      to[3] = from[2];
      to[1] = to[4] = from[1];
      to[2] = to[5] = from[3];
    }
    return row.data();
  });
}

std::string standard_huffman_tables() {
  static const std::string tables = Compressor().huffman_tables();
  return tables;
}

}  // namespace celeriac::hal::camera
