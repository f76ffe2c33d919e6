namespace ModelOptimizer.Testing.Exporters;

/// <summary>Programs that write ONNX models, each with its own way to spell an operator that the opset lacks.</summary>
public enum Exporter
{
    /// <summary>torch.onnx.export of PyTorch 1.13: scalars in Constant nodes.</summary>
    TorchScript1,

    /// <summary>torch.onnx.export of PyTorch 2 without dynamo: the same tracer, newer opsets.</summary>
    TorchScript2,

    /// <summary>torch.onnx.export of PyTorch 2 with dynamo: opset 18 and later, axes as inputs, scalars as initializers.</summary>
    Dynamo,

    /// <summary>tf2onnx: scoped names with an output number, images moved from NHWC to NCHW and back.</summary>
    TensorFlow,

    /// <summary>paddle2onnx: numbered names, weights in Constant nodes.</summary>
    Paddle,
}
