namespace ModelOptimizer.Benchmarks.Quantization;

/// <summary>What ONNX Runtime's own quantizer reaches, and which of ours stands against it.</summary>
/// <param name="Against">Our setting of the same kind.</param>
/// <param name="Setting">The tool's setting in words.</param>
/// <param name="Times">Time ÷ the original's with one thread and with two.</param>
internal sealed record PeerFigures(string Model, string Against, string Setting, double Megabytes, double Cosine, double Sqnr, string Decisions, IReadOnlyList<double> Times)
{
    /// <summary>
    /// Measured with its tools 1.30 on runtime 1.31.1 and the same kind of machine, 16 pictures of rendered text for calibration and 8 held out
    /// (640×480 for the detector).
    /// </summary>
    public static IReadOnlyList<PeerFigures> All { get; } =
    [
        new("ocr-det", "dynamic", "dynamic, prepared", 1.37, 0.959809, 11.23, "IoU 0.9106", [1 / 0.25, 1 / 0.29]),
        new("ocr-det", "static, min-max", "static, all operators, min-max", 1.59, 0.968799, 11.95, "IoU 0.9274", [1 / 1.52, 1 / 1.40]),
        new("ocr-det", "static, entropy", "static, all operators, entropy", 1.59, 0.968799, 11.95, "IoU 0.9274", [1 / 1.51, 1 / 1.39]),
        new("ocr-det", "static, percentile", "static, all operators, percentile", 1.59, 0.971478, 12.73, "IoU 0.9330", [1 / 1.51, 1 / 1.48]),
        new("ocr-det", "static, for size", "static, Conv, MatMul, Gemm picked by hand", 1.49, 0.972843, 13.07, "IoU 0.9367", [1 / 1.51, 1 / 1.90]),
        new("ocr-det", "static, uint16", "static, uint16 activations", 1.57, 0.996305, 21.43, "IoU 0.9847", [1 / 0.52, 1 / 0.59]),
        new("ocr-det", "float16", "float16", 2.44, 0.670344, -1.13, "IoU 0.4610", [1 / 1.03, 1 / 0.86]),
        new("ocr-det", "float16", "float16 after OnnxSlim", 2.51, 0.999991, 47.08, "IoU 0.9993", [1 / 1.01, 1 / 0.85]),
        new("ocr-rec", "dynamic", "dynamic, prepared", 2.89, 0.704549, 2.65, "agreement 68.75%", [1 / 0.23, 1 / 0.18]),
        new("ocr-rec", "dynamic", "dynamic, MatMul picked by hand", 7.78, 0.999931, 38.76, "agreement 99.69%", [1 / 1.03, 1 / 1.04]),
        new("ocr-rec", "static, min-max", "static, all operators, min-max", 3.17, 0.947595, 9.85, "agreement 94.37%", [1 / 1.39, 1 / 1.31]),
        new("ocr-rec", "static, entropy", "static, all operators, entropy", 3.17, 0.947595, 9.85, "agreement 94.37%", [1 / 1.39, 1 / 1.29]),
        new("ocr-rec", "static, percentile", "static, all operators, percentile", 3.17, 0.949819, 10.07, "agreement 93.13%", [1 / 1.40, 1 / 1.33]),
        new("ocr-rec", "static, for size", "static, Conv, MatMul, Gemm picked by hand", 3.07, 0.973773, 12.86, "agreement 95.94%", [1 / 1.57, 1 / 1.48]),
        new("ocr-rec", "static, uint16", "static, uint16 activations", 3.15, 0.986320, 15.68, "agreement 97.19%", [1 / 0.44, 1 / 0.37]),
        new("ocr-rec", "float16", "float16", 5.48, 0.999986, 45.45, "agreement 100%", [1 / 1.01, 1 / 1.03]),
    ];
}
