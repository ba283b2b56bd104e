"""The words of the zone zhuhai-jinwan send companies of a trade to its segment, in the spellings of 2019 and in the standard phrases that
registries use since 2021; what only looks alike goes elsewhere or nowhere."""

from __future__ import annotations

from datetime import date

import pytest

from matcher.engine import Engine

ZONE = "zhuhai-jinwan"
PLACED = (
    # name, scope, segment
    ("深圳甪鑫智能", "智能无人飞行器制造；智能无人飞行器销售；技术服务", "uav-airframes"),
    ("四川甪鑫科技", "商业无人机系统集成、研发、销售；无人直升机的技术开发", "uav-airframes"),
    ("广州甪鑫航空科技", "电动垂直起降飞行器、飞行汽车的研发、制造", "evtol"),
    ("绍兴甪鑫航空工业", "轻型运动飞机、直升机的研发、生产", "general-aircraft"),
    ("西安甪鑫精密制造", "民用航空器零部件设计和生产；民用航空器零部件制造", "aviation-parts"),
    ("成都甪鑫控制技术", "飞行控制系统、惯性导航、大气数据计算机的研发、生产", "flight-control"),
    ("常州甪鑫电机", "无人机电机、电子调速器的研发、生产", "electric-propulsion"),
    ("东莞甪鑫能源", "无人机电池、航空锂电池的研发、生产", "aviation-batteries"),
    ("威海甪鑫复材", "高性能纤维及复合材料制造；碳纤维预浸料的生产", "composites-structures"),
    ("贵阳甪鑫动力", "航空发动机零部件、涡轮叶片的制造", "aero-engines"),
    ("南京甪鑫电子", "雷达及配套设备制造；相控阵天线、光电吊舱的研发", "payloads-radar"),
    ("武汉甪鑫导航", "导航终端制造；卫星导航多模增强应用服务系统集成；北斗接收机的生产", "comms-beidou"),
    ("北京甪鑫空管", "空中交通管理系统、无人机管控平台、反无人机系统的研发", "utm-platforms"),
    ("海南甪鑫通用航空", "通用航空服务；空中游览、航空器代管、直升机机外载荷飞行", "general-aviation-ops"),
    ("郑州甪鑫航空", "民用航空器驾驶员培训；民用无人驾驶航空器操控员培训", "pilot-training"),
    ("厦门甪鑫飞机工程", "民用航空器维修；飞机及飞机部件的维修、航材保障", "mro-airworthiness"),
    ("长沙甪鑫遥感", "航空摄影、无人机巡检、倾斜摄影、遥感测绘服务", "inspection-mapping"),
    ("深圳甪鑫配送", "无人机物流、无人机配送、低空运输", "drone-logistics"),
    ("杭州甪鑫模拟", "飞行模拟机、视景系统、模拟训练系统的研发、制造", "flight-simulators"),
    ("吉林甪鑫农林", "无人机植保、飞防服务", "crop-protection-flights"),
    ("苏州甪鑫医药", "药品委托生产；合同研发生产；工艺放大、中试放大", "cdmo"),
    ("苏州甪鑫药物研究", "医学研究和试验发展；新药研发、药代动力学、临床试验技术服务", "drug-discovery-cro"),
    ("上海甪鑫细胞", "细胞技术研发和应用；人体基因诊断与治疗技术开发；免疫细胞制备", "cell-gene-therapy"),
    ("成都甪鑫生物制品", "重组疫苗、人用疫苗的研发、生产", "vaccines"),
    ("杭州甪鑫抗体", "单克隆抗体、抗体偶联药物的研发、生产", "biologics"),
    ("重庆甪鑫制药", "小容量注射剂、冻干粉针剂、吸入制剂的生产", "finished-drugs"),
    ("台州甪鑫药化", "原料药、医药中间体的生产", "api-intermediates"),
    ("绍兴甪鑫生物", "第二、三类6840体外诊断试剂、医用化验设备的生产", "ivd-reagents"),
    ("上海甪鑫影像", "医用磁共振设备、数字化X射线机、超声诊断设备的研发、制造", "imaging-devices"),
    ("北京甪鑫机器人", "手术机器人、手术导航系统的研发、生产", "surgical-robots"),
    ("苏州甪鑫介入", "第三类6877介入器材、6846植入材料和人工器官的生产", "high-value-consumables"),
    ("常州甪鑫医疗用品", "三类6815注射穿刺器械、6866医用高分子材料的制造", "medical-consumables"),
    ("台州甪鑫分析仪器", "实验分析仪器制造；液相色谱、质谱仪的研发", "lab-instruments"),
    ("沧州甪鑫药包", "药用玻璃、药用胶塞、预灌封注射器的生产", "excipients-packaging"),
    ("沈阳甪鑫制药装备", "冻干机、压片机、生物反应器、制药用水设备的制造", "pharma-equipment"),
    ("亳州甪鑫中药饮片", "中药饮片（净制、切制、炒制）、中药配方颗粒的生产", "tcm-processing"),
    ("深圳甪鑫医疗器械", "监护仪、呼吸机、除颤仪的生产；第二类医疗器械生产", "medical-devices"),
    ("上海甪鑫机场管理集团", "通用机场、直升机起降场的运营管理；航空地面服务", "vertiports"),
    ("北京甪鑫医药物流", "药品批发；医药冷链物流、药品第三方物流", "pharma-logistics"),
)
NOWHERE = (
    ("广州甪鑫航空服务", "航空机票销售代理；航空国际货物运输代理；航空意外保险代理"),
    ("武汉甪鑫航空服务", ""),
    ("山西北斗甪鑫钢结构", "钢结构的制作、安装"),
    ("宝鸡甪鑫化学试剂玻璃仪器", "化工原料、五金的销售"),
    ("平南甪鑫船用机械", "液压舵机、船用配电箱的加工、销售"),
    ("银川甪鑫制毡", "航空工业毡、民用毡的制造"),
    ("菏泽甪鑫食品", "禽类屠宰；鸭血制品的生产"),
    ("杭州甪鑫机电", "智能棋牌桌及其人工晶体设备的生产"),
    ("上海甪鑫保温瓶胆", "保温瓶胆、安瓿、试管的生产"),
    ("重庆甪鑫机动车", "机动车驾驶员培训；汽车故障诊断服务"),
    ("宁波甪鑫水表", "旋翼式冷水水表的制造"),
    ("中山甪鑫游乐", "飞行影院、自控飞机类游乐设备的制造"),
    ("郑州甪鑫生态", "生物有机肥、生物质燃料、生物饲料的生产"),
    ("武汉甪鑫美容", "细胞美容、细胞抗衰、干细胞护肤；美容服务"),
    ("石家庄甪鑫暖通", "碳纤维电热地暖、暖气片的制造；碳纤维布加固"),
    ("天津甪鑫咨询", "企业管理诊断、营销诊断、节能诊断服务"),
    ("广州甪鑫汽车电子", "倒车雷达、车载导航、行车记录仪的生产"),
    ("汕头甪鑫玩具", "玩具无人机、航模、塑料玩具的生产"),
)


@pytest.fixture(scope="module")
def zhuhai() -> Engine:
    return Engine(ZONE, processes=1)


def placed(engine: Engine, name: str, scope: str) -> tuple[str | None, float]:
    """The segment that a company is given and its affinity, with capital and age that bar nobody."""
    profile = {"name": f"{name}有限公司", "business_scope": scope, "reg_capital": "20000万元", "founded_date": "2009-01-01"}
    (result,) = engine.score([profile], date(2026, 11, 1))
    assert not isinstance(result, dict)
    return result.segment, result.affinity


def test_every_segment_has_a_case(zhuhai: Engine) -> None:
    assert {segment.id for segment in zhuhai.zone.segments if segment.chain} == {segment for _, _, segment in PLACED}


@pytest.mark.parametrize(("name", "scope", "segment_id"), PLACED)
def test_a_trade_goes_to_its_segment(zhuhai: Engine, name: str, scope: str, segment_id: str) -> None:
    found, affinity = placed(zhuhai, name, scope)
    assert (found, affinity >= 0.4) == (segment_id, True), affinity


@pytest.mark.parametrize(("name", "scope"), NOWHERE)
def test_a_look_alike_goes_nowhere(zhuhai: Engine, name: str, scope: str) -> None:
    assert placed(zhuhai, name, scope)[0] is None
